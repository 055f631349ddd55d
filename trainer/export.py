"""From torch to the served graph: ONNX, dynamic int8 weights in the encoder, heads left in float.

Weights take seven of the eight bits. Without VNNI a processor adds two products of a byte and a weight in 16 bits,
where full weights overflow and answers are other ones than elsewhere; 2 x 255 x 64 fits.

Dynamic int8 takes one scale per tensor of activations, so the answer for a sequence would depend on its batch
mates: it is run one sequence at a time, here and in service. The legacy exporter is used because its graph is the
one that the quantizer understands.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from streams.text import VITALS_FIELDS
from trainer.model import Answer, TriageBert

__all__ = [
    "INPUTS",
    "OUTPUTS",
    "export_float",
    "export_int8",
    "outside_encoder",
    "quantize_weights",
    "without_advice",
]

INPUTS = ("input_ids", "attention_mask", "vitals")
OUTPUTS = Answer._fields
_DYNAMIC_AXES = {
    "input_ids": {0: "b", 1: "n"},
    "attention_mask": {0: "b", 1: "n"},
    "vitals": {0: "b"},
    "diagnosis_logits": {0: "b"},
    "urgency_logits": {0: "b"},
    "diagnosis_attribution": {0: "b", 1: "n"},
    "urgency_attribution": {0: "b", 1: "n_and_v"},
    "embedding": {0: "b"},
}
_OPSET = 17
_EXAMPLE_TOKENS = 9


class _Positional(nn.Module):
    """The exporter wants plain tuples."""

    def __init__(self, model: TriageBert) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor, vitals: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.model(input_ids, attention_mask, vitals))


def export_float(model: TriageBert, path: Path) -> None:
    """Write the float32 graph: b and n free."""
    wrapped = _Positional(model).eval()
    example = torch.ones(2, _EXAMPLE_TOKENS, dtype=torch.int64)
    vitals = torch.full((2, len(VITALS_FIELDS)), float("nan"))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter(
            "ignore"
        )  # the tracer warns of shape arithmetic; the tests compare the graph's answers
        torch.onnx.export(
            wrapped,
            (example, torch.ones_like(example), vitals),
            str(path),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_axes=_DYNAMIC_AXES,
            opset_version=_OPSET,
            dynamo=False,
        )


def export_int8(model: TriageBert, path: Path) -> None:
    """Write the served graph: int8 weights per output channel in the encoder and its embeddings."""
    with TemporaryDirectory() as scratch:
        exact = Path(scratch) / "exact.onnx"
        export_float(model, exact)
        quantize_weights(exact, path, ["MatMul", "Gather"], outside_encoder(exact))


def quantize_weights(
    exact: Path, path: Path, operators: list[str], left_exact: list[str], **options: object
) -> None:
    """Write `exact` with the weights of `operators` as int8 per output channel, but for the nodes `left_exact`.

    Weights lie within -64 to 64, so that sums are exact on every processor.
    """
    with without_advice():
        quantize_dynamic(
            exact,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=operators,
            nodes_to_exclude=left_exact,
            extra_options=options,
        )


@contextmanager
def without_advice() -> Iterator[None]:
    """Drop the quantizer's advice to pre-process, which it gives through the root logger, and nothing else."""
    root = logging.getLogger()
    root.addFilter(_is_no_advice)
    try:
        yield
    finally:
        root.removeFilter(_is_no_advice)


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()


def outside_encoder(path: Path) -> list[str]:
    """Return the names of the nodes of the heads and of pooling, which are not quantized."""
    nodes = onnx.load(str(path)).graph.node
    return [node.name for node in nodes if not node.name.startswith("/model/encoder/")]
