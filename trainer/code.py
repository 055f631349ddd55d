"""Which code made a run or a version."""

import subprocess
from pathlib import Path

from streams.version import VERSION
from trainer.runs import CodeVersion

__all__ = ["code_version"]


def code_version() -> CodeVersion:
    """Ask git which code this is; outside a checkout only the version is known."""
    root = Path(__file__).parents[1]

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(  # noqa: S603 # fixed arguments
                ["git", "-C", str(root), *arguments],  # noqa: S607 # whichever git there is
                check=False,
                capture_output=True,
                text=True,
            )
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit, changes = git("rev-parse", "HEAD"), git("status", "--porcelain")
    return CodeVersion(version=VERSION, commit=commit, changed=None if changes is None else bool(changes))
