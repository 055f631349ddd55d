"""What the engine's integration tests share: topics of their own, a worker program, waiting."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from ops.local.config import TopicSpec
from ops.local.topics import admin_client, ensure_topics
from streams.leadership import until_led

__all__ = ["Topics", "Worker", "wait_until"]

ROOT = Path(__file__).parents[3]
WORKER = Path(__file__).with_name("worker.py")


def wait_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Poll until the condition holds; the limit is there to fail, not to measure."""
    give_up_at = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up_at, "the condition never held"
        time.sleep(0.05)


class Topics:
    """Topics with names of their own for one test, and what is on them."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.suffix = uuid4().hex[:8]

    def create(self, *names: str, partitions: int) -> list[str]:
        topics = [self.name(name) for name in names]
        ensure_topics(
            admin_client(self.bootstrap), [TopicSpec(name=topic, partitions=partitions) for topic in topics]
        )
        return topics

    def produce(self, topic: str, count: int, *, partitions: int, first: int = 0) -> None:
        """`count` numbers from `first` on, as text, dealt to the partitions in turn."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 5})
        for number in range(first, first + count):
            producer.produce(topic, str(number).encode(), partition=number % partitions)
            producer.poll(0)
        assert producer.flush(30) == 0

    def produce_keyed(self, topic: str, keys: Sequence[bytes]) -> None:
        """One record per key."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "partitioner": "murmur2_random"})
        for key in keys:
            producer.produce(topic, b"x", key)
        assert producer.flush(30) == 0

    def name(self, name: str) -> str:
        """The full name of one of this test's topics."""
        return f"{name}-{self.suffix}"

    def count(self, topic: str) -> int:
        """Records on the topic, copies included."""
        reader = self._reader()
        try:
            return sum(
                until_led(reader.get_watermark_offsets, tp)[1] for tp in self._partitions(reader, topic)
            )
        finally:
            reader.close()

    def values_by_partition(self, topic: str) -> list[list[int]]:
        """The numbers on each partition, in its order."""
        reader = self._reader()
        try:
            partitions = self._partitions(reader, topic)
            reader.assign(partitions)
            return _read_to_the_end(reader, len(partitions))
        finally:
            reader.close()

    def values(self, topic: str) -> list[int]:
        return [value for values in self.values_by_partition(topic) for value in values]

    def committed(self, topic: str) -> int:
        """Sum of the worker's committed offsets over the partitions of a topic."""
        reader = Consumer({"bootstrap.servers": self.bootstrap, "group.id": f"engine-{self.suffix}"})
        try:
            offsets = until_led(reader.committed, self._partitions(reader, topic), timeout=30)
            return sum(max(0, tp.offset) for tp in offsets)
        finally:
            reader.close()

    def _reader(self) -> Consumer:
        return Consumer(
            {"bootstrap.servers": self.bootstrap, "group.id": "reader", "enable.partition.eof": True}
        )

    def _partitions(self, reader: Consumer, topic: str) -> list[TopicPartition]:
        return [
            TopicPartition(topic, number, 0) for number in reader.list_topics(topic).topics[topic].partitions
        ]


def _read_to_the_end(reader: Consumer, partition_count: int) -> list[list[int]]:
    values: list[list[int]] = [[] for _ in range(partition_count)]
    ended: set[int] = set()
    while len(ended) < partition_count:
        for message in reader.consume(1_000, timeout=0.1):
            error = message.error()
            if error is None:
                values[message.partition()].append(int(message.value()))
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(message.partition())
    return values


class Worker:
    """Runs `worker.py`; flags are files that it looks at."""

    def __init__(self, topics: Topics, folder: Path) -> None:
        self._topics = topics
        self._folder = folder
        self.log = folder / "worker.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            str(WORKER),
            self._topics.bootstrap,
            self._topics.suffix,
            str(self._folder),
        ]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*command, "worker"], stdout=log, stderr=log, cwd=ROOT, env=_environment()
            )
        self._processes.append(process)
        return process

    def stop(self, process: "subprocess.Popen[bytes]") -> int:
        """SIGTERM; returns the exit status."""
        process.terminate()
        return process.wait(timeout=30)

    def restart_crashed(self) -> None:
        """As a supervisor does: start one worker where the last one started has crashed."""
        if self._processes[-1].poll() not in (None, 0):
            self.start()

    def set_flag(self, flag: str) -> None:
        (self._folder / flag).touch()

    def clear_flag(self, flag: str) -> None:
        (self._folder / flag).unlink()

    def logged(self, text: str) -> int:
        """In how many lines of the workers' logs the text stands."""
        return sum(text in line for line in self.log.read_text(encoding="utf-8").splitlines())

    def kill_all(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
