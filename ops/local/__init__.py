"""The embedded stack: real Kafka, Redis, Triton and the workers, on free loopback ports, without containers.

Read `config` (what a stack is made of), `stack` (the API), `supervisor` (what keeps it alive), then the
parts: `kafka`, `redis`, `triton`, `worker`.

Does not cover: more than one broker, TLS and access control (Redis has a password; Kafka and Triton trust
every user of this machine), platforms other than Linux on x86-64.
"""
