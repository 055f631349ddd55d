"""`make demo-learning`: from a clinician's click to a promoted version and back, on a live stack, checked step by step.

wards.py        two hospitals' written messages, and which of them are held out
clinicians.py   simulated words on decisions, with a set error rate
live.py         a stack of its own, messages that flow through it, commands run against it
verdicts.py     what each step has to show: functions of what was seen, without I/O
held_out.py     both versions on the messages that nobody labelled
script.py       the run, top to bottom
account.py      what it prints and writes

Messages are written by `trainer.corpus`; it shows that the loop works, not how well it would in a hospital.
"""
