"""Keeps an outage of the brokers from filling the logs: the clients repeat themselves many times a second."""

import logging
from collections.abc import Hashable
from time import monotonic

__all__ = ["LogLimit", "limit_client_logs"]

PERIOD_S = 10.0

CLIENT_LOGGERS = (
    "aiokafka",  # the name that aiokafka/client.py logs under; loggers do not hand filters down
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


class LogLimit(logging.Filter):
    """Lets a message through once in PERIOD_S; as a filter, by its template and level."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed_again_s: dict[Hashable, float] = {}

    def allows(self, key: Hashable) -> bool:
        """Whether this is the first use of the key in PERIOD_S."""
        now_s = monotonic()
        if now_s < self._allowed_again_s.get(key, now_s):
            return False
        self._allowed_again_s[key] = now_s + PERIOD_S
        return True

    def filter(self, record: logging.LogRecord) -> bool:
        """For loggers: see the class."""
        return record.levelno < logging.WARNING or self.allows((record.levelno, record.msg))


def limit_client_logs() -> None:
    """Limit warnings and errors of aiokafka's loggers. Calling it again changes nothing."""
    for name in CLIENT_LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(present, LogLimit) for present in logger.filters):
            logger.addFilter(LogLimit())
