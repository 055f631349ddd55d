"""Cheap answers to "what does this part bring?": frozen encoder, heads fitted in seconds, grouped cross-validation.

`python -m trainer.ablations sources|vitals|policy|diagnosis` prints one table each. Embeddings are computed once and
kept in `.triage/embeddings`. Real visits stay together by complaint; choices (how strongly weights are held,
thresholds) are made inside the training folds.

Does not cover the fine-tuned encoder: a frozen one ranks alternatives, its figures are lower than the served model's.
"""
