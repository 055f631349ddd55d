"""Every error of the embedded stack.

StackError
├── PreparationFailed      something the stack needs is missing; `hint` says what to install
│   ├── UnsupportedPlatform
│   ├── BinaryMissing
│   ├── LibpythonMissing
│   └── JarUnavailable
├── StackRunning           another supervisor holds the data directory
├── StackNotRunning
├── PartFailed             a part did not become ready; carries the end of its log
├── StartTimeout
├── SelfTestFailed         the served model does not answer what its file computes in process
└── NotReady               a probe's answer, used inside the supervisor
"""

from pathlib import Path

__all__ = [
    "BinaryMissing",
    "JarUnavailable",
    "LibpythonMissing",
    "NotReady",
    "PartFailed",
    "PreparationFailed",
    "SelfTestFailed",
    "StackError",
    "StackNotRunning",
    "StackRunning",
    "StartTimeout",
    "UnsupportedPlatform",
]


class StackError(Exception):
    """Base of all errors of the embedded stack."""


class PreparationFailed(StackError):
    """Something the stack needs is not on this machine; `hint` says how to get it."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what}. {hint}")
        self.what = what
        self.hint = hint


class UnsupportedPlatform(PreparationFailed):
    """No server binaries exist for this system or this Python version."""


class BinaryMissing(PreparationFailed):
    """A server binary is not installed."""


class LibpythonMissing(PreparationFailed):
    """The shared Python library that Triton's Python backend links is not there."""


class JarUnavailable(PreparationFailed):
    """A jar of Kafka could not be downloaded, or its content is not the pinned one."""


class StackRunning(StackError):
    """Another supervisor works on this data directory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"a stack is already running on {data_dir}; `triage down` stops it")
        self.data_dir = data_dir


class StackNotRunning(StackError):
    """No supervisor works on this data directory."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"no stack is running on {data_dir}")
        self.data_dir = data_dir


class PartFailed(StackError):
    """A part of the stack could not be started.

    `part` is its name, or "supervisor"; `log_tail` the last lines of `log_path`.
    """

    def __init__(self, part: str, reason: str, log_path: Path, log_tail: str) -> None:
        super().__init__(f"{part}: {reason} (log: {log_path})\n{log_tail}".rstrip())
        self.part = part
        self.reason = reason
        self.log_path = log_path
        self.log_tail = log_tail


class StartTimeout(StackError):
    """The stack was not ready in time; `waiting_for` names the parts that were not."""

    def __init__(self, timeout_s: float, waiting_for: tuple[str, ...]) -> None:
        super().__init__(f"not ready after {timeout_s:.0f} s: {', '.join(waiting_for) or 'supervisor'}")
        self.waiting_for = waiting_for


class SelfTestFailed(StackError):
    """The served answer differs from the one that the same model file gives in process."""


class NotReady(StackError):
    """A probe found a part not (or no longer) able to serve."""
