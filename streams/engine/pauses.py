"""Says once that consumption waits for a dependency, and once that it goes on."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import structlog

from streams.errors import Unavailable

__all__ = ["Pauses"]

log = structlog.get_logger(__name__)


class Pauses:
    """Counts the calls that wait for a dependency; logs only when the first begins and the last ends to wait.

    A retry is not an event: an outage of an hour is two lines, however many chunks wait however often.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._waiting: Counter[str] = Counter()
        self._since_s = 0.0

    @property
    def services(self) -> frozenset[str]:
        """What is waited for now."""
        return frozenset(self._waiting)

    @contextmanager
    def pause(self, outage: Unavailable) -> Iterator[None]:
        """Around one wait."""
        self._begin(outage)
        try:
            yield
        except asyncio.CancelledError:
            self._leave(outage)  # stopping is not resuming
            raise
        except Exception:
            self._end(outage)
            raise
        else:
            self._end(outage)

    def _begin(self, outage: Unavailable) -> None:
        self._waiting[outage.service] += 1
        if self._waiting.total() == 1:
            self._since_s = monotonic()
            log.warning("consumption_paused", topic=self._topic, service=outage.service)

    def _leave(self, outage: Unavailable) -> None:
        self._waiting -= Counter([outage.service])  # drops what reaches zero

    def _end(self, outage: Unavailable) -> None:
        self._leave(outage)
        if not self._waiting:
            log.info("consumption_resumed", topic=self._topic, paused_s=round(monotonic() - self._since_s, 3))
