"""The topic map as what a broker is asked for."""

from ops.local.config import TopicSpec
from streams.topics import ALL_TOPICS

__all__ = ["TOPIC_SPECS"]

TOPIC_SPECS = tuple(
    TopicSpec(name=topic.name, partitions=topic.partitions, config=topic.config) for topic in ALL_TOPICS
)
