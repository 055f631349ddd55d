"""An express message that has waited too long for the model is announced with the rules' floor.

The decision still follows; the notice only makes sure that a human knows meanwhile.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from aiokafka import ConsumerRecord

from schemas import AdmittedMessage, Producer
from streams.domain.events import model_unavailable_event
from streams.engine import Output
from streams.errors import Unavailable
from streams.metrics import EXPRESS_NOTICES
from streams.outgoing import event_output

__all__ = ["ExpressNotice"]

_REMEMBERED = 100_000
_GRACE_S = 1.0
"""After a worker's own outage old messages are decided at once: only those that wait on are announced."""


Item = tuple[ConsumerRecord, AdmittedMessage]


@dataclass(slots=True)
class ExpressNotice:
    """Sends ReviewRequested(model_unavailable) for messages that waited `notice_s` since they were admitted."""

    notice_s: float
    producer: Producer
    clock: Callable[[], datetime]
    send: Callable[[Sequence[Output]], Awaitable[object]]
    _announced: OrderedDict[UUID, None] = field(default_factory=OrderedDict)

    @asynccontextmanager
    async def watch(self, items: Sequence[Item]) -> AsyncIterator[None]:
        """Announce `items` where the body hangs past their time, or fails after it."""
        timer = asyncio.create_task(self._announce_late(items))
        try:
            yield
        except Unavailable:
            await self._announce(items)
            raise
        finally:
            timer.cancel()
            with suppress(asyncio.CancelledError):
                await timer

    async def _announce_late(self, items: Sequence[Item]) -> None:
        oldest_s = min(record.timestamp for record, _ in items) / 1000
        await asyncio.sleep(max(oldest_s + self.notice_s - self.clock().timestamp(), _GRACE_S))
        await self._announce(items)

    async def _announce(self, items: Sequence[Item]) -> None:
        late_ms = (self.clock().timestamp() - self.notice_s) * 1000
        waiting = [
            (record, message)
            for record, message in items
            if record.timestamp <= late_ms and message.event_id not in self._announced
        ]
        if not waiting:
            return
        await self.send([self._notice(record, message) for record, message in waiting])
        for _, message in waiting:
            self._announced[message.event_id] = None
        while len(self._announced) > _REMEMBERED:
            self._announced.popitem(last=False)
        EXPRESS_NOTICES.inc(len(waiting))

    def _notice(self, record: ConsumerRecord, message: AdmittedMessage) -> Output:
        event = model_unavailable_event(message, now=self.clock(), producer=self.producer)
        return event_output(event, record)
