"""The ONNX graphs of one model, from exact to small. Heads stay in float everywhere: they are cheap and decide.

Dynamic int8 takes the scale of each activation from what is being run, so an answer depends on its batch mates and a
sequence is run alone. Static int8 takes scales from calibration rows: nothing depends on batch mates, no pass over the
activations is needed, and a row unlike the calibration rows is clipped.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model

from streams.text import Windower
from trainer.batches import encode
from trainer.compress.structure import layers_of
from trainer.data.rows import Row
from trainer.export import export_float, export_int8, outside_encoder, quantize_weights, without_advice
from trainer.model import TriageBert

__all__ = ["Graph", "export_fused", "export_fused_int8", "export_static", "write_graph"]

_INT8_MOST = 127.0

Graph = Literal["float32", "fused", "int8", "fused_int8", "int8_static"]


def write_graph(
    graph: Graph, model: TriageBert, path: Path, calibration: Sequence[Row], windower: Windower
) -> None:
    """Write one graph of `model`; only `int8_static` reads `calibration`."""
    match graph:
        case "float32":
            export_float(model, path)
        case "fused":
            export_fused(model, path)
        case "int8":
            export_int8(model, path)
        case "fused_int8":
            export_fused_int8(model, path)
        case "int8_static":
            export_static(model, path, calibration, windower)


def export_fused(model: TriageBert, path: Path) -> None:
    """Write the float32 graph with ONNX Runtime's own operators for attention, GELU and layer norms.

    The optimizer knows attention as it is written out, not as torch's fused kernel. Sums and biases stay outside of
    norms and GELU: on a processor the kernels that take them in are slower than the two apart.
    """
    encoder = model.encoder
    before = encoder.config._attn_implementation
    encoder.set_attn_implementation("eager")
    with TemporaryDirectory() as scratch:
        exact = Path(scratch) / "exact.onnx"
        export_float(model, exact)
        options = FusionOptions("bert")
        options.enable_embed_layer_norm = False  # its inputs must be int32: another contract
        options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = False
        options.enable_bias_gelu = False
        fused = optimize_model(
            str(exact),
            model_type="bert",
            num_heads=layers_of(model)[0].attention.self.num_attention_heads,
            hidden_size=encoder.config.hidden_size,
            optimization_options=options,
            opt_level=0,
        )
        fused.save_model_to_file(str(path))
    encoder.set_attn_implementation(before)


def export_fused_int8(model: TriageBert, path: Path) -> None:
    """Write the fused graph with int8 weights per output channel; attention is one int8 operator.

    Each word's embedding has a scale of its own, where the quantizer would give one to all of them.
    """
    with TemporaryDirectory() as scratch:
        fused, half_way = Path(scratch) / "fused.onnx", Path(scratch) / "layers.onnx"
        export_fused(model, fused)
        attention = {node.name for node in onnx.load(str(fused)).graph.node if node.op_type == "Attention"}
        quantize_weights(
            fused,
            half_way,
            ["MatMul", "Attention"],
            [name for name in outside_encoder(fused) if name not in attention],
            # the quantizer cannot infer what ONNX Runtime's own operators put out
            DefaultTensorType=onnx.TensorProto.FLOAT,
        )
        graph = onnx.load(str(half_way))
        _quantize_words(graph.graph)
        onnx.save(graph, str(path))


def _quantize_words(graph: onnx.GraphProto) -> None:
    """Look words up as int8 and multiply by their scale, in place."""
    (place,) = [i for i, node in enumerate(graph.node) if node.name.endswith("/word_embeddings/Gather")]
    lookup = graph.node[place]
    table, ids = lookup.input
    (stored,) = [one for one in graph.initializer if one.name == table]
    words = onnx.numpy_helper.to_array(stored)
    scales = np.maximum(np.abs(words).max(axis=1, keepdims=True) / _INT8_MOST, np.finfo(np.float32).tiny)
    graph.initializer.remove(stored)
    graph.initializer.extend(
        onnx.numpy_helper.from_array(values, f"{table}_{name}")
        for name, values in (("int8", np.round(words / scales).astype(np.int8)), ("scales", scales))
    )
    make = onnx.helper.make_node
    graph.node.remove(lookup)
    for step in (
        make("Mul", ["words_float", "words_scales"], list(lookup.output), "words_scaled"),
        make("Cast", ["words_int8"], ["words_float"], "words_cast", to=onnx.TensorProto.FLOAT),
        make("Gather", [f"{table}_scales", ids], ["words_scales"], "words_scales"),
        make("Gather", [f"{table}_int8", ids], ["words_int8"], "words_int8"),
    ):
        graph.node.insert(place, step)


def export_static(model: TriageBert, path: Path, rows: Sequence[Row], windower: Windower) -> None:
    """Write the int8 graph whose scales come from `rows`; its word embeddings are int8 too."""
    with TemporaryDirectory() as scratch, without_advice():
        exact, half_way = Path(scratch) / "exact.onnx", Path(scratch) / "embeddings.onnx"
        export_float(model, exact)
        outside = outside_encoder(exact)
        quantize_dynamic(
            exact,
            half_way,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Gather"],
            nodes_to_exclude=outside,
        )
        quantize_static(
            half_way,
            path,
            _Reader(rows, windower),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=outside,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={"MatMulConstBOnly": True, "CalibMovingAverage": True},
        )


class _Reader(CalibrationDataReader):  # type: ignore[misc] # the base class is untyped
    """One sequence at a time, as in service."""

    def __init__(self, rows: Sequence[Row], windower: Windower) -> None:
        self._feeds = _feeds(encode(rows, windower), [row.vitals for row in rows])

    def get_next(self) -> Mapping[str, Any] | None:
        return next(self._feeds, None)


def _feeds(
    ids: Sequence[NDArray[np.int64]], vitals: Sequence[NDArray[np.float32]]
) -> Iterator[Mapping[str, Any]]:
    for tokens, vector in zip(ids, vitals, strict=True):
        yield {
            "input_ids": tokens[None],
            "attention_mask": np.ones_like(tokens)[None],
            "vitals": vector[None],
        }
