"""Smaller and faster forms of a trained model, each a version that Triton serves: `triage compress`.

    subject.py    the finished run that is made smaller: weights, tokenizer, data
    structure.py  what is taken out of the encoder: attention heads, feed-forward neurons, whole layers
    distil.py     the smaller encoder learns from the whole one
    graphs.py     ONNX graphs: float32, fused, int8 with scales taken at run time or from calibration rows
    variants.py   the named combinations
    build.py      makes them: one version's folder each, calibrated anew, with a card; compressed.json lists them
    record.py     what compressed.json holds
    bucketed.py   Triton's backend for variants that run padded batches

Nothing here measures speed: `triage bench compress` does, through Triton.
"""
