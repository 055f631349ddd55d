"""The life of the model, from data to a served version. Read `trainer.pipeline` first: it runs top to bottom.

    data/       one module per source -> labelled rows, and splits that never share near-duplicates
    corpus/     patient messages written from medical facts, and emergency visits from triage criteria
    paraphrase/ training texts in other words, by translation there and back
    ablations/  what each part brings: frozen encoder, seconds a fit
    vitals.py   vital signs as additive, monotone evidence
    model.py    encoder, pooling, the two heads, exact attributions
    finetune.py, baselines.py, evaluate.py, metrics.py, calibrate.py, export.py, card.py

Does not cover continual learning: here a model is trained once, from all data.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = (
    "1"  # read once, when ONNX Runtime is imported: its builds tell Microsoft
)
