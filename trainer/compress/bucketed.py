"""Triton's backend for variants whose answers don't depend on batch mates: padded batches, by buckets of length.

It lies in a version's folder as model.py, beside the usual one as one_by_one.py, and differs in one method.
"""

from typing import Any

import numpy as np
from one_by_one import OUTPUTS  # type: ignore[import-not-found] # a copy of the served backend, beside this file
from one_by_one import TritonPythonModel as OneByOne

_BUCKET_TOKENS = 16


class TritonPythonModel(OneByOne):  # type: ignore[misc] # the served backend is untyped
    """Triton's name for the class that it looks for."""

    def _run(self, input_ids: Any, attention_mask: Any, vitals: Any) -> dict[str, Any]:
        """As in the served backend: [b, n], [b, n], [b, v] to outputs of b rows, n tokens wide."""
        lengths = self._lengths(input_ids, attention_mask, vitals)
        buckets = -(-lengths // _BUCKET_TOKENS)
        rows: dict[int, dict[str, Any]] = {}
        for bucket in np.unique(buckets):
            members = np.flatnonzero(buckets == bucket)
            width = lengths[members].max()
            feed = {
                "input_ids": input_ids[members, :width],
                "attention_mask": attention_mask[members, :width],
                "vitals": vitals[members],
            }
            outputs = dict(zip(OUTPUTS, self.session.run(OUTPUTS, feed), strict=True))
            for place, row in enumerate(members):
                rows[int(row)] = _widened(
                    {name: outputs[name][place] for name in OUTPUTS}, width, input_ids.shape[1]
                )
        ordered = [rows[row] for row in range(len(lengths))]
        return {name: np.stack([row[name] for row in ordered]) for name in OUTPUTS}


def _widened(outputs: dict[str, Any], width: int, wanted: int) -> dict[str, Any]:
    padding = np.zeros(wanted - width, dtype=np.float32)
    urgency = outputs["urgency_attribution"]
    outputs["diagnosis_attribution"] = np.concatenate([outputs["diagnosis_attribution"], padding])
    outputs["urgency_attribution"] = np.concatenate([urgency[:width], padding, urgency[width:]])
    return outputs
