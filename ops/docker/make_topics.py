"""Makes every topic of the map with its partitions and retention, and ends: `python -m ops.docker.make_topics`.

Settings: those of `streams.settings.KafkaSettings`, and TRIAGE_REPLICATION_FACTOR (1 by default: one broker).
"""

import logging
import os

from ops.local.topics import admin_client, ensure_topics
from ops.topic_specs import TOPIC_SPECS
from streams.kafka_security import librdkafka_config
from streams.settings import KafkaSettings

__all__ = ["main"]

log = logging.getLogger(__name__)


def main() -> None:
    """Raises KafkaException where the broker refuses."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = KafkaSettings()
    ensure_topics(
        admin_client(settings.kafka_bootstrap, librdkafka_config(settings)),
        TOPIC_SPECS,
        replication_factor=int(os.environ.get("TRIAGE_REPLICATION_FACTOR", "1")),
    )
    log.info("%d topics are there", len(TOPIC_SPECS))


if __name__ == "__main__":
    main()
