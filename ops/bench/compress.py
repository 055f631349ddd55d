"""The Pareto table of a run's compressed versions: quality against speed and size, through Triton.

One Triton serves all versions. Each round measures the classic loop (`classic_loop`), then every version, on the same
held-out rows, so that both sides of a ratio saw the same machine; quality is that of the answers that were timed.
Tokenization counts on both sides. Rates follow the wall clock; rates per CPU second, of the client and the server
together, also hold on a machine that has other work.
"""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rich.table import Table

from ops.bench.classic_loop import ClassicLoop
from ops.bench.figures import Spread, percentile, ratio
from ops.bench.processes import BenchmarkFailed, tree_cpu_s
from ops.bench.triton_loop import TritonLoop
from ops.local.blocking import start_parts
from ops.local.stack import Stack
from trainer.batches import encode
from trainer.compress.quality import judge, lost
from trainer.compress.record import CompressedVersion, read_compressed
from trainer.compress.subject import load_subject
from trainer.data.dataset import read_dataset
from trainer.data.rows import Row
from trainer.packaging import spread_rows
from trainer.runs import DataUsed
from trainer.served import Answers

__all__ = ["GOAL_LOST", "GOAL_RATIO", "CompressPlan", "mark_front", "measure", "table", "unseen_rows"]

GOAL_RATIO, GOAL_LOST = 10.0, 0.005
_NICENESS = 10
"""As the embedded Triton: on a busy machine neither side goes first."""


@dataclass(frozen=True, slots=True)
class CompressPlan:
    """How much is measured. `rows` held-out rows at most; `singles` of them also one by one, for the latency.

    `unseen`: a dataset of a source that the run did not train on; its test rows are asked once, for quality alone.
    """

    unseen: Path | None = None
    rounds: int = 3
    rows: int = 1000
    singles: int = 50
    batch: int = 8
    in_flight: int = 4


class _Loop(Protocol):
    def ask(self, rows: Sequence[Row]) -> Answers: ...

    def latencies_ms(self, rows: Sequence[Row]) -> list[float]: ...


@dataclass(slots=True)
class _Measured:
    """All rounds of one loop. `answers` are those of the first; `unseen`: those to rows of another source."""

    rates: list[float] = field(default_factory=list)
    cpu_rates: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    answers: Answers | None = None
    unseen: Answers | None = None

    def add(
        self, loop: _Loop, rows: Sequence[Row], singles: Sequence[Row], cpu_s: Callable[[], float]
    ) -> None:
        loop.ask(singles[:1])  # a first answer is slower: sessions and channels are made
        cpu_before, began = cpu_s(), time.perf_counter()
        answers = loop.ask(rows)
        self.rates.append(len(rows) / (time.perf_counter() - began))
        self.cpu_rates.append(len(rows) / (cpu_s() - cpu_before))
        self.p50_ms.append(percentile(loop.latencies_ms(singles), 50))
        self.answers = self.answers or answers


def measure(run: Path, compressed: Path, plan: CompressPlan, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the document for `--json`.

    Raises NotCompressed, what `load_subject` raises, BenchmarkFailed, BadData, StackError.
    """
    record, subject = read_compressed(compressed), load_subject(run)
    if record.data_sha256 != subject.record.data.sha256:
        raise BenchmarkFailed(f"{compressed} was not made from {run}")
    rows = spread_rows(subject.dataset.splits.test, plan.rows)
    singles = spread_rows(rows, plan.singles)
    unseen = () if plan.unseen is None else unseen_rows(plan.unseen, subject.record.data)
    classic = _Measured()
    measured = {one.version: _Measured() for one in record.versions}
    with (
        tempfile.TemporaryDirectory(prefix="triage-bench-") as scratch,
        start_parts(
            Path(scratch), {"triton"}, model_repository=compressed / "model_repo", self_test_model=None
        ) as stack,
    ):
        os.nice(_NICENESS)
        address = str(stack.endpoints.triton_grpc)
        for number in range(1, plan.rounds + 1):
            classic.add(ClassicLoop.of(subject), rows, singles, time.process_time)
            say(f"round {number}/{plan.rounds}  classic loop {classic.rates[-1]:,.1f}/s")
            for one in record.versions:
                loop = TritonLoop(address, one.version, subject.windower, plan.batch, plan.in_flight)
                measured[one.version].add(loop, rows, singles, lambda: _cpu_s(stack))
                faster = measured[one.version].rates[-1] / classic.rates[-1]
                say(f"  {one.variant}: {measured[one.version].rates[-1]:,.1f}/s, {faster:.1f} x")
        if unseen:
            say("rows of the unseen source")
            classic.unseen = ClassicLoop.of(subject).ask(unseen)
            for one in record.versions:
                loop = TritonLoop(address, one.version, subject.windower, plan.batch, plan.in_flight)
                measured[one.version].unseen = loop.ask(unseen)
    versions = [_version(one, measured[one.version], classic, rows, unseen) for one in record.versions]
    mark_front(versions)
    return {
        "run": record.run,
        "rows": len(rows),
        "unseen_rows": len(unseen),
        "tokens_mean": round(sum(map(len, encode(rows, subject.windower))) / len(rows), 1),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[1], 1),
        "goal": {"ratio": GOAL_RATIO, "macro_f1_lost": GOAL_LOST},
        "classic": {
            **_speed(classic),
            **_quality(rows, classic.answers),
            **_on_unseen(unseen, classic.unseen),
        },
        "versions": versions,
    }


def unseen_rows(path: Path, trained_on: DataUsed) -> Sequence[Row]:
    """Return the test rows of a dataset. Raises BadData, BenchmarkFailed where the run has seen their source."""
    rows = read_dataset(path).splits.test
    seen = sorted({row.source for row in rows} & set(trained_on.rows.get("train", {})))
    if seen or not rows:
        raise BenchmarkFailed(
            f"{path}: {'the run trained on ' + ', '.join(seen) if seen else 'no test rows'}"
        )
    return rows


def _version(
    one: CompressedVersion,
    own: _Measured,
    classic: _Measured,
    rows: Sequence[Row],
    unseen: Sequence[Row],
) -> dict[str, Any]:
    if own.answers is None or classic.answers is None:
        raise BenchmarkFailed("nothing was measured")
    less = lost(rows, own.answers, classic.answers)
    faster = ratio(own.rates, classic.rates)
    return {
        "version": one.version,
        "variant": one.variant,
        "graph_mb": one.graph_mb,
        "ratio": faster,
        "ratio_per_cpu_s": ratio(own.cpu_rates, classic.cpu_rates),
        "ratio_p50": ratio(classic.p50_ms, own.p50_ms),
        **_speed(own),
        **_quality(rows, own.answers),
        "macro_f1_lost": less.macro_f1,
        "qwk_lost": less.qwk,
        **_on_unseen(unseen, own.unseen, classic.unseen),
        "goal_reached": faster is not None
        and less.macro_f1 is not None
        and (faster >= GOAL_RATIO and less.macro_f1.value <= GOAL_LOST),
    }


def _speed(measured: _Measured) -> dict[str, Any]:
    return {
        "rate_per_s": Spread.of(measured.rates),
        "rate_per_cpu_s": Spread.of(measured.cpu_rates),
        "p50_ms": Spread.of(measured.p50_ms),
    }


def _quality(rows: Sequence[Row], answers: Answers | None) -> dict[str, Any]:
    if answers is None:
        raise BenchmarkFailed("nothing was measured")
    quality = judge(rows, answers)
    return {"macro_f1": quality.macro_f1, "qwk": quality.qwk}


def _on_unseen(rows: Sequence[Row], answers: Answers | None, whole: Answers | None = None) -> dict[str, Any]:
    """Quality on another source, and what is lost of that of the `whole` model; nothing where none was asked."""
    if answers is None:
        return {}
    found = {f"unseen_{name}": figure for name, figure in _quality(rows, answers).items()}
    if whole is not None:
        less = lost(rows, answers, whole)
        found |= {"unseen_macro_f1_lost": less.macro_f1, "unseen_qwk_lost": less.qwk}
    return found


def mark_front(versions: list[dict[str, Any]]) -> None:
    """Say of each version whether none is at least as good, fast and small, and better in one of them."""

    def merits(one: dict[str, Any]) -> tuple[float, float, float]:
        quality = one["macro_f1"] or one["qwk"]
        return quality.value, one["ratio"], -one["graph_mb"]

    for one in versions:
        own = merits(one)
        others = [merits(other) for other in versions]
        one["on_front"] = not any(
            theirs != own and all(theirs[i] >= own[i] for i in range(len(own))) for theirs in others
        )


def _cpu_s(stack: Stack) -> float:
    """Of this process, which tokenizes and asks, and of Triton with its model processes."""
    status = stack.status()
    parts = status.parts if status else {}
    server = parts["triton"].process if "triton" in parts else None
    if server is None:
        raise BenchmarkFailed("Triton is gone")
    return time.process_time() + tree_cpu_s(server.pid)


def table(document: dict[str, Any]) -> Table:
    """Show the document on a terminal."""
    unseen = ("unseen_macro_f1", "unseen_macro_f1_lost") if document["unseen_rows"] else ()
    shown = Table(
        *("variant", "MB", "sequences/s", "x classic", "x per CPU s", "p50 ms"),
        *("macro-F1", "lost", "QWK", "lost", *(unseen and ("unseen macro-F1", "lost")), "front", "goal"),
        title=f"{document['run']}: {document['rows']} held-out rows, {document['tokens_mean']} tokens each",
        caption="classic: torch float32, padded to the window, all cores. Intervals: 95 %, clusters resampled.",
    )
    for one in ({"variant": "classic loop", **document["classic"]}, *document["versions"]):
        shown.add_row(
            one["variant"],
            str(one.get("graph_mb", "")),
            f"{one['rate_per_s'].median:,.0f}",
            *(str(one.get(name, "")) for name in ("ratio", "ratio_per_cpu_s")),
            f"{one['p50_ms'].median:.1f}",
            *(
                "" if one.get(name) is None else str(one[name])
                for name in ("macro_f1", "macro_f1_lost", "qwk", "qwk_lost", *unseen)
            ),
            *("yes" if one.get(name) else "" for name in ("on_front", "goal_reached")),
        )
    return shown
