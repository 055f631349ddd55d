"""Ours with chunks of 500 records: less to do for each record, more to repeat after a crash."""

from ops.bench.peers.triage_engine import main

CHUNK = 500

if __name__ == "__main__":
    main(CHUNK)
