"""Ends a process whose event loop has stopped turning, so that its supervisor starts another.

Nobody else would: Faust's consumer sends its heartbeats from a thread of its own, so the group keeps the member, and
the HTTP server, whose health check would fail, only tells those who ask.

Does not cover a loop that turns while a handler never returns: deadlines are the stage's.
"""

import faulthandler
import os
import sys
import threading
import traceback

import structlog

from streams.engine.errors import named_frames

__all__ = ["EXIT_CODE", "Watchdog"]

log = structlog.get_logger(__name__)

EXIT_CODE = os.EX_SOFTWARE
"""70, "internal software error" of sysexits.h: no crash of Python's and no signal ends with it."""

CHECKS = 10
_STDERR = 2  # Faust puts a logger in the place of sys.stderr
_LAST_RESORT = 2
"""Times the patience, until Python's own watchdog ends the process. It needs no interpreter lock, which native code may
hold (a regular expression that explodes) while no thread of ours can run. It ends with 1, and says where on stderr."""


class Watchdog:
    """A thread that waits for `beat` from the event loop of the thread that called `start`.

    Time is counted in its own checks: where the whole process was suspended, both missed the same, and nobody is blamed
    (after twice the patience Python's own watchdog does, and the process begins anew).
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.check_s = patience_s / CHECKS
        """Beat as often."""
        self._beats = self._seen = self._missed = 0
        self._watched = threading.main_thread().ident
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch this thread."""
        self._watched = threading.get_ident()
        self.beat()
        self._thread.start()

    def beat(self) -> None:
        """The loop turns."""
        self._beats += 1
        faulthandler.dump_traceback_later(_LAST_RESORT * self._patience_s, exit=True, file=_STDERR)

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped.set()
        faulthandler.cancel_dump_traceback_later()

    def misses_too_many(self) -> bool:
        """Once a check: have all of the last CHECKS been without a beat?"""
        self._missed = self._missed + 1 if self._beats == self._seen else 0
        self._seen = self._beats
        return self._missed >= CHECKS

    def _watch(self) -> None:
        while not self._stopped.wait(self.check_s):
            if self.misses_too_many():
                frame = sys._current_frames().get(self._watched or 0)
                frames = named_frames(traceback.extract_stack(frame)) if frame else []
                log.critical("event_loop_stuck", patience_s=self._patience_s, frames=frames)
                os._exit(EXIT_CODE)
