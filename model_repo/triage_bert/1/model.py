"""Runs this version's model.onnx, one sequence per execution: an answer never depends on its batch mates.

(Dynamic int8 quantizes over everything in a batch, padding included; and padding costs time on a CPU.)
Errors name the request's fault by shape only: no content of a message gets into an error text.
"""

import json
import os
import select
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, at the import: its builds tell Microsoft of their use
import onnxruntime
import triton_python_backend_utils as pb_utils

URGENT = "urgent"  # the parameter of a request that all others give way to
NICENESS = 10
OUTPUTS = ("diagnosis_logits", "urgency_logits", "diagnosis_attribution", "urgency_attribution", "embedding")


class InvalidRequest(Exception):
    """The tensors of one request don't follow the contract."""


class TritonPythonModel:
    """Triton's name for the class that it looks for."""

    def initialize(self, args):
        threading.Thread(target=_end_with_server, daemon=True).start()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        # Its fused sum and layer norm takes six times as long as the two apart: the norm alone uses vector units.
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"], disabled_optimizers=["SkipLayerNormFusion"]
        )
        width = {tensor.name: tensor.shape[1] for tensor in self.session.get_inputs()}["vitals"]
        self.vitals_count = width if isinstance(width, int) else None
        self.giving_way = ThreadPoolExecutor(max_workers=1, initializer=_give_way)

    def execute(self, requests):
        return [self._respond(request) for request in requests]

    def _respond(self, request):
        if request.is_cancelled():
            return _error("cancelled", pb_utils.TritonError.CANCELLED)
        try:
            names = ("input_ids", "attention_mask", "vitals")
            tensors = [pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in names]
            if json.loads(request.parameters() or "{}").get(URGENT):
                outputs = self._run(*tensors)
            else:
                outputs = self.giving_way.submit(self._run, *tensors).result()
        except InvalidRequest as error:
            return _error(str(error), pb_utils.TritonError.INVALID_ARG)
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not fail the other requests of the batch
            return _error(f"{type(error).__name__} in the model", pb_utils.TritonError.INTERNAL)
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, outputs[name]) for name in OUTPUTS])

    def _run(self, input_ids, attention_mask, vitals):
        """input_ids, attention_mask [b, n] int64, vitals [b, v] float32; outputs of b rows, n tokens wide."""
        lengths = self._lengths(input_ids, attention_mask, vitals)
        rows = [
            self._run_one(input_ids[row, :length], vitals[row], input_ids.shape[1])
            for row, length in enumerate(lengths)
        ]
        return {name: np.stack([row[name] for row in rows]) for name in OUTPUTS}

    def _lengths(self, input_ids, attention_mask, vitals):
        if input_ids.shape != attention_mask.shape or len(vitals) != len(input_ids):
            raise InvalidRequest("input_ids, attention_mask and vitals differ in shape")
        if self.vitals_count is not None and vitals.shape[1] != self.vitals_count:
            raise InvalidRequest(f"{vitals.shape[1]} vitals, the model has {self.vitals_count}")
        lengths = attention_mask.sum(axis=1)
        right_padded = np.arange(attention_mask.shape[1]) < lengths[:, None]
        if not np.array_equal(attention_mask, right_padded):
            raise InvalidRequest("attention_mask is not ones followed by zeros")
        if not lengths.all():
            raise InvalidRequest("a row has no tokens")
        return lengths

    def _run_one(self, input_ids, vitals, width):
        """One sequence of k tokens: its outputs, the attributions padded with zeros to `width` tokens."""
        length = len(input_ids)
        inputs = {
            "input_ids": input_ids[None],
            "attention_mask": np.ones((1, length), dtype=np.int64),
            "vitals": vitals[None],
        }
        outputs = {
            name: value[0] for name, value in zip(OUTPUTS, self.session.run(OUTPUTS, inputs), strict=True)
        }
        padding = np.zeros(width - length, dtype=np.float32)
        urgency = outputs["urgency_attribution"]
        outputs["diagnosis_attribution"] = np.concatenate([outputs["diagnosis_attribution"], padding])
        outputs["urgency_attribution"] = np.concatenate([urgency[:length], padding, urgency[length:]])
        return outputs


def _give_way():
    # On shared cores urgent requests, admission and the broker go first. Only this thread, by itself: who has no
    # privileges can't take back what he gave.
    own = os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), max(NICENESS, own))


def _end_with_server():
    # A stub looks for a killed server only between requests, and can wait for one for ever on a lock that the
    # server held: the kernel tells at once.
    select.select([os.pidfd_open(os.getppid())], [], [])
    os._exit(1)


def _error(message, code):
    return pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(message, code))
