"""Asks the brokers on a connection of its own: a consumer that waits or is paused has old news.

Not on the consumer's thread either: Faust has two slots for calls there, and one that waits for a dead broker holds up
fetches and commits.
"""

import asyncio
from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from streams.errors import Unavailable

__all__ = ["Brokers", "Partition"]

_TIMEOUT_S = 2.0

Partition = tuple[str, int]
"""Topic and number."""


class Brokers:
    """A question at a time; `config`: librdkafka settings."""

    def __init__(self, config: Mapping[str, object]) -> None:
        # Silent: the sink's client tells of the same brokers already.
        self._config = {**config, "log_level": 0}
        self._client: AdminClient | None = None

    async def answer(self) -> bool:
        """Does any broker answer now?"""
        try:
            await asyncio.wrap_future(self._admin.describe_cluster(request_timeout=_TIMEOUT_S))
        except KafkaException:
            return False
        return True

    async def lag(self, positions: Mapping[Partition, int | None]) -> dict[Partition, int]:
        """Records from each position to the end of its partition; None: from the oldest that is kept.

        Raises Unavailable.
        """
        ends = await self._offsets(positions, OffsetSpec.latest())
        unread = [partition for partition, position in positions.items() if position is None]
        starts = await self._offsets(unread, OffsetSpec.earliest()) if unread else {}
        lags = {}
        for partition, position in positions.items():
            start = starts[partition] if position is None else position
            lags[partition] = max(0, ends[partition] - start)
        return lags

    async def _offsets(self, partitions: Iterable[Partition], spec: OffsetSpec) -> dict[Partition, int]:
        asked = {TopicPartition(*partition): spec for partition in partitions}
        futures = self._admin.list_offsets(asked, request_timeout=_TIMEOUT_S)
        try:
            return {
                (place.topic, place.partition): (await asyncio.wrap_future(future)).offset
                for place, future in futures.items()
            }
        except KafkaException:
            raise Unavailable("kafka") from None

    @property
    def _admin(self) -> AdminClient:
        """Made at first use: it starts threads."""
        if self._client is None:
            self._client = AdminClient(self._config)
        return self._client
