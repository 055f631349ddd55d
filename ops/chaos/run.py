"""A whole run, top to bottom: start, load and break, wait until the topics stand still, judge."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ops.chaos.checker import Verdict, judge
from ops.chaos.checker.outcomes import find_outcomes
from ops.chaos.checker.reader import TopicReader
from ops.chaos.cluster import Cluster
from ops.chaos.history import HistoryWriter, read_history
from ops.chaos.load import Load
from ops.chaos.nemesis import Nemesis, schedule
from ops.chaos.under_test import stack_under_test
from ops.chaos.workload import workload
from ops.local.blocking import running
from ops.local.config import StackConfig
from ops.local.stack import Stack

__all__ = ["Plan", "run"]

_STILL_S = 8.0
"""Longer than a consumer's session: what a dead worker left would have come again by then."""
_GIVE_UP_S = 60.0
_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How many messages at which rate (a second), and how many faults among them."""

    messages: int
    faults: int
    rate: float
    seed: int


Tell = Callable[[str], None]


def run(base: StackConfig, plan: Plan, folder: Path, tell: Tell) -> Verdict:
    """Break the stack that `base` describes, in `folder`, where the history, logs and topics then lie.

    `tell` hears how it goes. Raises StackError, NotRecovered, NotAccepted.
    """
    config = stack_under_test(base, folder)
    history = folder / "history.jsonl"
    tell("starting the stack")
    with running(Stack(config)) as stack:
        _load_and_break(stack, plan, history, tell)
        tell("waiting for the last decisions")
        return _judge(stack, history)


def _load_and_break(stack: Stack, plan: Plan, history: Path, tell: Tell) -> None:
    with history.open("a", encoding="utf-8") as stream:
        writer = HistoryWriter(stream)
        load = Load(str(stack.endpoints.kafka), writer)
        nemesis = Nemesis(Cluster(stack, model=stack.config.models[0]), writer, plan.seed, tell)
        # The nemesis stays in this thread: the kernel ends the workers that it adds with the thread that started them.
        with ThreadPoolExecutor(1) as pool:
            loading = pool.submit(load.run, workload(plan.messages, seed=plan.seed), rate=plan.rate)
            try:
                nemesis.run(schedule(plan.faults, seed=plan.seed), plan.messages, load)
                loading.result()
            finally:
                load.stop()
                nemesis.close()


def _judge(stack: Stack, history_path: Path) -> Verdict:
    """Read until every message has an outcome and the topics stand still, or until nothing comes any more."""
    history = read_history(history_path)
    reader = TopicReader(str(stack.endpoints.kafka))
    try:
        last_news = time.monotonic()
        while True:
            if reader.read(_POLL_S):
                last_news = time.monotonic()
                continue
            still_s = time.monotonic() - last_news
            if still_s < _STILL_S or not reader.is_at_end():
                continue
            if still_s > _GIVE_UP_S or not find_outcomes(history.accepted, reader.log).lost:
                return judge(history, reader.log)
    finally:
        reader.close()
