"""The delivery proof: a real stack under load and faults, and an independent check of what came out of it.

Read `run` (a whole run, top to bottom), `workload` and `load` (what is sent), `faults` and `nemesis` (what is broken,
when), then `checker`, which knows nothing of the streams: it compares the history of the run with the topics.
The manner is Jepsen's (Kingsbury, https://jepsen.io/analyses): record every operation and fault, judge afterwards.

Does not cover: several brokers (so no unclean leader election and no loss of a disk), a network that is cut or half
open, and a machine that loses power: killed processes keep what the kernel has taken.
"""
