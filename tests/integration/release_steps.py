"""One step of a release as a program of its own, that is killed where a test says: `... install FOLDER copied`."""

import os
import signal
import sys
from pathlib import Path

from ops.release.evidence import Permission
from ops.release.release import Author, open_release
from streams.settings import ModelServerSettings


def main(step: str, subject: str, last_words: str) -> None:
    """Die by SIGKILL right after `last_words`."""

    def told(done: str) -> None:
        if done == last_words:
            os.kill(os.getpid(), signal.SIGKILL)

    release = open_release(ModelServerSettings(), told)
    author = Author("c-test", "test")
    if step == "install":
        release.install(Path(subject), author)
    elif step == "promote":
        release.promote(subject, author, lambda _candidate, _live: Permission(without_gate="test"))
    elif step == "retire":
        release.retire(subject, author)
    else:
        release.roll_back(author)


if __name__ == "__main__":
    main(*sys.argv[1:])
