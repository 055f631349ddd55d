"""Twelve rounds of real data, one after the other: what each strategy keeps, beside joint retraining.

rounds.py    the rounds: new classes, new sources, shifted wording
play.py      a strategy goes through all rounds and is judged after each
figures.py   average, forgetting, transfer, share of what joint retraining gains
run.py       all of it, as one document: `triage bench continual`
"""
