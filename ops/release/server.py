"""Has Triton take over what the model's folder holds. The versions that serve go on serving meanwhile."""

import time
from types import TracebackType
from typing import Self

from tritonclient.grpc import InferenceServerClient
from tritonclient.utils import InferenceServerException

from ops.release.errors import ServerRefused

__all__ = ["ModelServerControl"]

_LOAD_TIMEOUT_S = 120.0
_ASK_TIMEOUT_S = 5.0
_POLL_S = 0.05


class ModelServerControl:
    """One model on one server."""

    def __init__(self, address: str, model: str, *, tls: bool = False) -> None:
        self._client = InferenceServerClient(address, ssl=tls)
        self._model = model

    def take_over(self, version: str) -> None:
        """Load, and wait until `version` is ready. Raises ServerRefused, which a running load is not."""
        self._load()
        deadline_s = time.monotonic() + _LOAD_TIMEOUT_S
        while not self.serves(version):
            if time.monotonic() > deadline_s:
                raise ServerRefused(f"version {version} is not ready after {_LOAD_TIMEOUT_S:.0f} s")
            time.sleep(_POLL_S)

    def forget_what_is_gone(self) -> None:
        """Load after a version's folder was taken away. Raises ServerRefused."""
        self._load()

    def serves(self, version: str) -> bool:
        """Is this version ready?"""
        try:
            return bool(self._client.is_model_ready(self._model, version, client_timeout=_ASK_TIMEOUT_S))
        except InferenceServerException:
            return False

    def _load(self) -> None:
        try:
            self._client.load_model(self._model, client_timeout=_LOAD_TIMEOUT_S)
        except InferenceServerException as cause:
            raise ServerRefused(f"the model server: {cause.message() or cause.status()}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
