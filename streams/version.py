"""The version of this program; the package's metadata are made from it, and images need no package."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
