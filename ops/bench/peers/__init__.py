"""The same job on every engine: consume, validate, produce two outputs, move the offset when both are delivered.

One module a peer, each a program (`python -m ops.bench.peers.NAME JOB`) that runs until SIGTERM, written the way its
own documentation advises for throughput. Settings that exist in several of them have the same values: acks of all
replicas, idempotent producer, 1 ms to linger, no compression.
"""
