"""When to train again: `triage train watch`.

rounds.py   what each round was given, on disk: new labels are those that no round has had
drift.py    whether messages or labels come from another distribution than before
due.py      by count, by drift or by schedule
"""
