"""The version of this code, as events name it."""

from importlib.metadata import version

__all__ = ["VERSION"]

VERSION = version("triage-streams")
