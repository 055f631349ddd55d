"""Urgent first: how long a red flag waits while the standard lane is hopelessly behind.

Latency runs from the broker's append of the raw red-flag message to its append of the urgency event. The same
messages are measured four times: on an idle stack; beside a backlog on the standard lane with more arriving at twice
the capacity; at the tail of that lane, a plain first-in-first-out topic served by the same worker; and behind a raw
burst that admission has yet to read. Standard throughput is counted in alternating windows with and without express
traffic.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from threading import Event, Thread

from ops.bench.figures import Latency, Spread, rate_per_s, ratio
from ops.bench.load import Load
from ops.bench.pipeline import EventLog, Pipeline, running_pipeline
from ops.bench.processes import wait_until
from schemas import AdmittedMessage, UrgencyAssessed
from streams.topics import EXPRESS, URGENCIES

__all__ = ["ExpressPlan", "ExpressResult", "measure"]

_SETTLE_S = 3.0
_ARRIVAL_TICK_S = 0.05
_DECISION_TIMEOUT_S = 60.0
_OVERLOAD = 2.0


@dataclass(frozen=True, slots=True)
class ExpressPlan:
    """How much of what. Rates are per second; express traffic is a Poisson process."""

    backlog_messages: int = 20_000
    capacity_messages: int = 1_000
    idle_messages: int = 120
    express_per_s: float = 2.0
    fifo_messages: int = 50
    burst_messages: int = 2_000
    burst_red_flags: int = 50
    window_s: float = 25.0
    windows: int = 4


@dataclass(slots=True)
class ExpressResult:
    """All figures; rates in messages a second. `admission` and `assessment` are the two parts of `express`."""

    plan: ExpressPlan
    capacity_per_s: float = 0.0
    idle: Latency | None = None
    express: Latency | None = None
    admission: Latency | None = None
    assessment: Latency | None = None
    fifo: Latency | None = None
    raw_burst: Latency | None = None
    without_express_per_s: list[float] = field(default_factory=list)
    with_express_per_s: list[float] = field(default_factory=list)

    def document(self) -> dict[str, object]:
        """Return the figures for `--json`."""
        return {
            "backlog_messages": self.plan.backlog_messages,
            "capacity_per_s": round(self.capacity_per_s, 1),
            "arrivals_per_s": round(self.capacity_per_s * _OVERLOAD, 1),
            "idle": self.idle,
            "express": self.express,
            "express_admission": self.admission,
            "express_assessment": self.assessment,
            "fifo": self.fifo,
            "raw_burst": self.raw_burst,
            "express_p99_to_idle_p99": (
                round(self.express.p99_ms / self.idle.p99_ms, 2) if self.express and self.idle else None
            ),
            "standard_rate_per_s": {
                "without_express": Spread.of(self.without_express_per_s),
                "with_express": Spread.of(self.with_express_per_s),
                "ratio": ratio(self.with_express_per_s, self.without_express_per_s),
            },
        }


def measure(plan: ExpressPlan, say: Callable[[str], None]) -> ExpressResult:
    """Start a stack, measure, stop it. Raises BenchmarkFailed where a message has no decision in time."""
    load = Load.generate()
    with running_pipeline() as pipeline:
        return _Measurement(plan, pipeline, load, say).run()


class _Measurement:
    """The phases in order."""

    def __init__(self, plan: ExpressPlan, pipeline: Pipeline, load: Load, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._pipeline = pipeline
        self._load = load
        self._say = say
        self._lane = EventLog(pipeline.broker, EXPRESS.name, AdmittedMessage.contract)
        self._log = EventLog(pipeline.broker, URGENCIES.name, UrgencyAssessed.contract)
        self._result = ExpressResult(plan)
        self._express_ids: list[str] = []

    def run(self) -> ExpressResult:
        result = self._result
        result.capacity_per_s = self._capacity()
        self._say(f"capacity of the standard lane: {result.capacity_per_s:,.1f}/s")
        result.idle = self._latency(self._red_flags(self._plan.idle_messages, self._plan.express_per_s))
        self._say(_line("idle", result.idle))
        fifo_ids = self._fill_standard_lane()
        with self._arrivals(result.capacity_per_s * _OVERLOAD):
            time.sleep(_SETTLE_S)
            for _ in range(self._plan.windows):
                result.without_express_per_s.append(self._window(express=False))
                result.with_express_per_s.append(self._window(express=True))
            result.express = self._latency(self._express_ids)
            self._say(_line(f"behind {self._plan.backlog_messages:,} messages", result.express))
            self._lane.refresh()
            admitted = self._lane.times_ms(self._express_ids)
            result.admission = Latency.of(_differences(self._sent(self._express_ids), admitted))
            result.assessment = Latency.of(_differences(admitted, self._log.times_ms(self._express_ids)))
            self._say(_line("of that, until admitted", result.admission))
            self._say(_line("of that, from there on", result.assessment))
            result.raw_burst = self._latency(self._burst())
            self._say(_line(f"behind a raw burst of {self._plan.burst_messages:,}", result.raw_burst))
        backlog_s = self._plan.backlog_messages / result.capacity_per_s
        self._say(f"waiting for the tail of the lane, which took about {backlog_s:,.0f} s to reach")
        result.fifo = self._latency(fifo_ids, timeout_s=backlog_s * 2 + _DECISION_TIMEOUT_S)
        self._say(_line("first in, first out", result.fifo))
        return result

    def _capacity(self) -> float:
        batch = [self._load.admitted_standard() for _ in range(self._plan.capacity_messages)]
        self._pipeline.lane(batch)
        self._await([message_id for message_id, _ in batch], _DECISION_TIMEOUT_S * 2)
        return rate_per_s(list(self._log.appended_at_ms.values()))

    def _fill_standard_lane(self) -> list[str]:
        """Append the backlog, then red flags that wait behind it like anything else; return their ids."""
        self._pipeline.lane([self._load.admitted_standard() for _ in range(self._plan.backlog_messages)])
        tail = [self._load.admitted_red_flag() for _ in range(self._plan.fifo_messages)]
        self._pipeline.lane(tail)
        return [message_id for message_id, _ in tail]

    @contextmanager
    def _arrivals(self, per_s: float) -> Iterator[None]:
        """Standard messages arrive at the edge, evenly, until the end."""
        ended = Event()

        def arrive() -> None:
            began, sent = time.monotonic(), 0
            while not ended.wait(_ARRIVAL_TICK_S):
                due = int((time.monotonic() - began) * per_s)
                for _ in range(due - sent):
                    self._pipeline.send(*self._load.raw_standard())
                sent = due

        thread = Thread(target=arrive, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _window(self, *, express: bool) -> float:
        """Let time pass, with or without express traffic; return the standard decisions a second in it."""
        began_ms = time.time() * 1000
        if express:
            count = int(self._plan.window_s * self._plan.express_per_s)
            self._express_ids += self._red_flags(count, self._plan.express_per_s)
        else:
            time.sleep(self._plan.window_s)
        ended_ms = time.time() * 1000
        self._log.refresh()
        urgent = {self._log.identity(message_id) for message_id in self._express_ids}
        decided = sum(
            began_ms <= at_ms < ended_ms and identity not in urgent
            for identity, at_ms in self._log.appended_at_ms.items()
        )
        rate = decided * 1000 / (ended_ms - began_ms)
        self._say(f"standard lane {'with' if express else 'without'} express traffic: {rate:,.1f}/s")
        return rate

    def _red_flags(self, count: int, per_s: float) -> list[str]:
        """Send red-flag messages to the edge at random times; return their ids."""
        ids = []
        for _ in range(count):
            time.sleep(random.expovariate(per_s))
            message_id, payload = self._load.raw_red_flag()
            self._pipeline.send(message_id, payload)
            ids.append(message_id)
        return ids

    def _burst(self) -> list[str]:
        for _ in range(self._plan.burst_messages):
            self._pipeline.send(*self._load.raw_standard())
        ids = []
        for _ in range(self._plan.burst_red_flags):
            message_id, payload = self._load.raw_red_flag()
            self._pipeline.send(message_id, payload)
            ids.append(message_id)
        return ids

    def _latency(self, message_ids: list[str], timeout_s: float = _DECISION_TIMEOUT_S) -> Latency:
        self._await(message_ids, timeout_s)
        return Latency.of(_differences(self._sent(message_ids), self._log.times_ms(message_ids)))

    def _sent(self, message_ids: list[str]) -> list[int]:
        return [self._pipeline.sent_at_ms[message_id] for message_id in message_ids]

    def _await(self, message_ids: list[str], timeout_s: float) -> None:
        def all_decided() -> bool:
            self._pipeline.producer.poll(0)
            self._log.refresh()
            return self._log.has(message_ids) and self._pipeline.sent_at_ms.keys() >= set(message_ids)

        wait_until(all_decided, timeout_s, "the decision of every message", poll_s=1.0)


def _differences(earlier: list[int], later: list[int]) -> list[float]:
    return [float(end - start) for start, end in zip(earlier, later, strict=True)]


def _line(name: str, latency: Latency) -> str:
    figures = asdict(latency)
    return f"{name}: " + ", ".join(f"{key} {value:,.0f}" for key, value in figures.items())
