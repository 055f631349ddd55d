"""Every error of the streams.

TriageError
├── Rejected        one message is at fault: it goes to the dead-letter topic with a reason code
├── Unavailable     a dependency is away: consumption pauses and goes on later, nothing is dropped
├── ModelFault      the model server answered, but with an internal error: reload, bisect, dead-letter the one at fault
│   └── ModelRefused    it calls the request itself invalid, which no reload cures
├── VersionUnusable     the files of a model version are missing, or are not those that were released
├── ServedModelMismatch   the served answer is not what the committed model computes
└── ConfigurationError    a setting is missing or insecure

No error carries text of a patient: codes and paths of schema fields only.
"""

__all__ = [
    "ConfigurationError",
    "ModelFault",
    "ModelRefused",
    "Rejected",
    "ServedModelMismatch",
    "TriageError",
    "Unavailable",
    "VersionUnusable",
]


class TriageError(Exception):
    """Base of all errors raised here."""


class Rejected(TriageError):
    """One message cannot be processed, now or later.

    `code` is a value of `schemas.DeadLetterReason`; `path` the dotted path of the schema field at fault.
    """

    def __init__(self, code: str, path: str = "") -> None:
        super().__init__(f"{code}:{path}" if path else code)
        self.code = code
        self.path = path


class Unavailable(TriageError):
    """A dependency is away for now; `service` names it."""

    def __init__(self, service: str) -> None:
        super().__init__(service)
        self.service = service


class ModelFault(TriageError):
    """The model server failed on a request that it received."""


class ModelRefused(ModelFault):
    """The model server calls the request invalid: the message is at fault, or the wrong model is served."""


class VersionUnusable(TriageError):
    """The files of a model version are missing, broken, or not those that were released."""


class ServedModelMismatch(TriageError):
    """The served model does not answer what its artefact computes in process."""


class ConfigurationError(TriageError):
    """A setting is missing, contradictory or insecure outside development mode."""
