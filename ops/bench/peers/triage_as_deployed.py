"""Ours in the product's small chunks, with its measures: what latency and few repeats cost where no model is asked."""

from ops.bench.peers.triage_engine import main

if __name__ == "__main__":
    main(as_deployed=True)
