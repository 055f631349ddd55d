"""Consumer groups as the broker sees them."""

import logging
import warnings
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

__all__ = ["Groups"]

_TIMEOUT_S = 5.0
_STABLE = "Stable"


class Groups:
    """Tells whether groups have as many members as they should."""

    def __init__(self, bootstrap: str) -> None:
        silent = logging.getLogger("triage.chaos.groups")
        silent.addHandler(logging.NullHandler())
        silent.propagate = False
        self._admin = AdminClient(
            {"bootstrap.servers": bootstrap, "reconnect.backoff.max.ms": 250}, logger=silent
        )

    def are_stable(self, sizes: dict[str, int]) -> bool:
        """Whether each of these groups has dealt out its partitions among exactly so many members.

        A member that was killed counts until its session ends.
        """
        try:
            found = {group.id: group for group in self._list_groups()}
        except KafkaException:  # no broker, or no coordinator yet
            return False
        return all(
            name in found and found[name].state == _STABLE and len(found[name].members) == size
            for name, size in sizes.items()
        )

    def _list_groups(self) -> list[Any]:
        # Deprecated for describe_consumer_groups; but that one makes librdkafka 2.16 abort the whole process (an
        # assertion) where the broker went away under an earlier call.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            groups: list[Any] = self._admin.list_groups(timeout=_TIMEOUT_S)
        return groups
