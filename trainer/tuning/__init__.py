"""Every way to fine-tune, behind one configuration. `trainer.train` is the way through; here are its parts.

config.py, reading.py     what can be set, its bounds, presets, and errors that name the key
methods.py, adapters.py   what is trained: all of it, top layers, thawing layers, LoRA, AdaLoRA, prefix, adapters
optimizers.py, losses in trainer/losses.py, augment.py
stages.py                 what comes before the epochs: contrast, heads fitted alone
adversary.py              the adversary of adversarial training
loop.py, checkpoint.py    the epochs, on one or several devices, and how an interrupted run goes on
validate.py               the figures of an epoch
"""
