"""Learning from clinicians as a service: `triage train watch`.

watch.py    is another round due? (`trainer/watch` decides)
round.py    one round, command by command, each as an operator would run it by hand
"""
