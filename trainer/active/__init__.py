"""What to label next: which messages are worth a clinician's look.

choose.py       uncertainty x diversity x urgency
benchmark.py    labels needed to reach a figure, against random choice: `triage bench labelling`
"""
