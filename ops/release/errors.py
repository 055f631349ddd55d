"""Why a step of a release was not taken.

ReleaseRefused
├── NotAVersion         a folder is not what can be served
├── NotReleasable       the version, or what was shown of it, does not allow the step
├── ServerRefused       the model server does not load or serve it
├── LostRace            another step came first; look again
└── Busy                somebody else installs or retires a version just now
"""

__all__ = ["Busy", "LostRace", "NotAVersion", "NotReleasable", "ReleaseRefused", "ServerRefused"]


class ReleaseRefused(Exception):
    """Base of these errors. The live version is what it was."""


class NotAVersion(ReleaseRefused):
    """A folder is not what can be served."""


class NotReleasable(ReleaseRefused):
    """The version, or what was shown of it, does not allow the step."""


class ServerRefused(ReleaseRefused):
    """The model server does not load or serve the version."""


class LostRace(ReleaseRefused):
    """Another change of the live version came first."""


class Busy(ReleaseRefused):
    """Somebody else installs or retires a version just now."""
