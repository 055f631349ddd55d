"""The development keys of an embedded stack: made when one is first started, kept as long as its data."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet

__all__ = ["development_keys"]

_FILE_NAME = "keys.env"


def development_keys(data_dir: Path) -> dict[str, str]:
    """Return the keys of this data directory, made at the first call: what it holds is sealed with them.

    Only this user may read them. Of several first calls at once, all return the keys of the one that was first.
    """
    path = data_dir / _FILE_NAME
    if not path.exists():
        _make_private(data_dir)
        _publish(path, _new_keys())
    return dict(line.split("=", 1) for line in path.read_text(encoding="ascii").splitlines() if line)


def _new_keys() -> str:
    return (
        f"TRIAGE_PSEUDONYM_KEY={secrets.token_urlsafe(48)}\n"
        f"TRIAGE_PAYLOAD_KEY={Fernet.generate_key().decode()}\n"
    )


def _publish(path: Path, content: str) -> None:
    """Write `path` whole or not at all, and never over another's: a link, unlike a rename, replaces nothing."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f"{path.name}.", encoding="ascii") as draft:
        draft.write(content)
        draft.flush()
        os.fsync(draft.fileno())
        with suppress(FileExistsError):  # another starter was first: its keys are the directory's
            os.link(draft.name, path)


def _make_private(directory: Path) -> None:
    """Make the directory and its missing parents, which `mkdir(parents=True)` would leave open to all."""
    if not directory.exists():
        _make_private(directory.parent)
        directory.mkdir(exist_ok=True, mode=0o700)
