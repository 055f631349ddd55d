"""Learning again and again without forgetting: `triage train continue`.

strategies.py            the ways to learn a round's rows, each a choice of parts
learner.py               a model with what it carries from round to round, and how it learns a round
rehearsal.py, levels.py  heads that learn on, held by what sums say of all rows ever seen (the default)
statistics.py            these sums, and a head made of them alone; no row is kept
memory.py                which few rows are kept for replay
regularisers.py          what holds a moving encoder back: EWC, LwF
start.py, labels.py      what a round starts from, and its new labels
candidate.py             one round, top to bottom: a run's folder with the next version
benchmark/               twelve rounds of real data, every strategy beside joint retraining
"""
