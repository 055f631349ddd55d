"""Compares the served model with the same file run in this process: `python -m ops.local.selftest GRPC
MODEL_DIR`.

A server with numpy 2 in its model process loads, reports ready, answers OK, and the values are wrong: nothing
but a comparison of values finds it.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime
import tritonclient.grpc as triton
from numpy.typing import NDArray

from ops.local.errors import SelfTestFailed
from ops.local.triton import DIFFERS

__all__ = ["OUTPUTS", "compare", "latest_version"]

Tensors = dict[str, NDArray[Any]]

OUTPUTS = ("diagnosis_logits", "urgency_logits", "diagnosis_attribution", "urgency_attribution", "embedding")
_VITALS_COUNT = 12
_TOLERANCE = 1e-4
_TIMEOUT_S = 20.0

_DISABLED_OPTIMIZERS = ("SkipLayerNormFusion",)
"""As the served model.py has them: int8 steps are coarse."""

# Token ids that every BERT vocabulary has: [CLS], single characters, [SEP].
_MESSAGES: tuple[tuple[int, ...], ...] = (
    (101, 1000, 1012, 1037, 102),
    (101, 1045, 1010, 1038, 1039, 1040, 1029, 1041, 1042, 1043, 1012, 102),
    (101, 1044, 102),
)


def latest_version(model_dir: Path) -> int:
    """The highest version that carries a model.onnx. Raises SelfTestFailed."""
    versions = [
        int(path.parent.name) for path in model_dir.glob("*/model.onnx") if path.parent.name.isdigit()
    ]
    if not versions:
        raise SelfTestFailed(f"{model_dir.name} has no version with a model.onnx")
    return max(versions)


def _batch(vitals_count: int) -> Tensors:
    width = max(map(len, _MESSAGES))
    ids = np.zeros((len(_MESSAGES), width), dtype=np.int64)
    for row, message in enumerate(_MESSAGES):
        ids[row, : len(message)] = message
    vitals = np.full((len(_MESSAGES), vitals_count), np.nan, dtype=np.float32)
    vitals[1, : vitals_count // 2] = 80.0
    return {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64), "vitals": vitals}


def _ask(client: triton.InferenceServerClient, model: str, version: int, batch: Tensors) -> Tensors:
    inputs = []
    for name, values in batch.items():
        tensor = triton.InferInput(name, values.shape, "INT64" if values.dtype == np.int64 else "FP32")
        tensor.set_data_from_numpy(values)
        inputs.append(tensor)
    reply = client.infer(model, inputs, model_version=str(version), client_timeout=_TIMEOUT_S)
    return {name: reply.as_numpy(name) for name in OUTPUTS}


def _expect(session: onnxruntime.InferenceSession, batch: Tensors, row: int) -> Tensors:
    """What the contract says about one row: run alone without padding, its attributions padded with zeros."""
    length, width = int(batch["attention_mask"][row].sum()), batch["input_ids"].shape[1]
    alone = {
        "input_ids": batch["input_ids"][row : row + 1, :length],
        "attention_mask": batch["attention_mask"][row : row + 1, :length],
        "vitals": batch["vitals"][row : row + 1],
    }
    expected = {
        name: value[0] for name, value in zip(OUTPUTS, session.run(list(OUTPUTS), alone), strict=True)
    }
    padding = np.zeros(width - length, dtype=np.float32)
    urgency = expected["urgency_attribution"]
    expected["diagnosis_attribution"] = np.concatenate([expected["diagnosis_attribution"], padding])
    expected["urgency_attribution"] = np.concatenate([urgency[:length], padding, urgency[length:]])
    return expected


def compare(address: str, model_dir: Path) -> None:
    """Ask the server for a few fixed messages and compare every output with the in-process one.

    Raises SelfTestFailed; the server's own errors come as InferenceServerException.
    """
    version = latest_version(model_dir)
    session = _session(model_dir / str(version), _DISABLED_OPTIMIZERS)
    widths = {tensor.name: tensor.shape[1] for tensor in session.get_inputs()}
    batch = _batch(widths["vitals"] if isinstance(widths["vitals"], int) else _VITALS_COUNT)
    client = triton.InferenceServerClient(address)
    try:
        served = _ask(client, model_dir.name, version, batch)
    finally:
        client.close()
    try:
        _compare(session, batch, served)
    except SelfTestFailed:
        if not _is_older(model_dir / str(version), batch, served):
            raise


def _is_older(version_dir: Path, batch: Tensors, served: Tensors) -> bool:
    """Whether the server answers as the model.py of versions made before did, which disabled nothing."""
    try:
        _compare(_session(version_dir, ()), batch, served)
    except SelfTestFailed:
        return False
    return True


def _session(version_dir: Path, disabled: Sequence[str]) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        version_dir / "model.onnx", providers=["CPUExecutionProvider"], disabled_optimizers=list(disabled)
    )


def _compare(session: onnxruntime.InferenceSession, batch: Tensors, served: Tensors) -> None:
    for row in range(len(_MESSAGES)):
        for name, expected in _expect(session, batch, row).items():
            _check(name, served[name], row, expected)


def _check(name: str, served: NDArray[Any] | None, row: int, expected: NDArray[Any]) -> None:
    hint = "Is numpy older than 2 in the model's Python environment?"
    if served is None or served.shape[1:] != expected.shape:
        raise SelfTestFailed(
            f"{name}: shape {None if served is None else served.shape[1:]}, not {expected.shape}. {hint}"
        )
    if not np.allclose(served[row], expected, rtol=_TOLERANCE, atol=_TOLERANCE):
        difference = float(np.max(np.abs(served[row] - expected)))
        raise SelfTestFailed(f"{name}: differs by {difference:.2g} from the same model in process. {hint}")


def main(address: str, model_dir: Path) -> int:
    """0 where the answers agree, DIFFERS where they do not, 1 where none came; tells why on standard error."""
    try:
        compare(address, model_dir)
    except SelfTestFailed as error:
        sys.stderr.write(f"{error}\n")
        return DIFFERS
    except triton.InferenceServerException as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
