"""`triage train watch`: begins a round of learning when there is enough to learn."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ops.cli.failures import needs_training
from ops.cli.feedback import asked, buffer_settings, buffered_examples
from ops.cli.forgetting import forget
from ops.cli.models_release import author, opened
from ops.cli.models_watch import ShadowMessages, ShadowShare
from streams.adapters.redis_feedback import RedisFeedbackBuffer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ops.learning.round import Outcome
    from ops.learning.watch import Look
    from streams.domain.feedback import FeedbackExample
    from trainer.watch.due import Policy

__all__ = ["watch"]

console = Console(stderr=True)


def watch(
    new_labels: Annotated[int, typer.Option(min=1, help="So many new labels are enough.")] = 500,
    drift_from: Annotated[int, typer.Option(min=2, help="From so many on, drift is tested.")] = 200,
    drift_p: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="How often drift may be a false alarm.")
    ] = 0.01,
    every_hours: Annotated[
        float | None, typer.Option(min=0.1, help="A round after so long, if there is any new label.")
    ] = None,
    rounds: Annotated[Path, typer.Option(help="What each round is given; patient data.")] = Path("rounds"),
    out: Annotated[Path, typer.Option(metavar="RUNS_DIR", help="Where the runs' folders go.")] = Path("runs"),
    poll_s: Annotated[float, typer.Option(min=1.0, help="How often it looks.")] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Begin a round with whatever is new.")] = False,
    shadow: Annotated[bool, typer.Option(help="Let an installed candidate answer in the shadow.")] = True,
    shadow_share: ShadowShare = 0.1,
    shadow_messages: ShadowMessages = 200,
    accept_low_power: Annotated[
        str | None, typer.Option(metavar="REASON", help="Handed on to `triage models gate`.")
    ] = None,
) -> None:
    """Watch what clinicians say; by count, drift, schedule or hand, make a candidate, judge it, have it shadow."""
    needs_training(console)
    from trainer.watch.due import Policy
    from trainer.watch.rounds import Rounds, RoundsError

    every = None if every_hours is None else timedelta(hours=every_hours)
    policy = Policy(new_labels=new_labels, drift_from=drift_from, drift_p=drift_p, every=every)
    if accept_low_power is not None and not accept_low_power.strip():
        raise typer.BadParameter("say why", param_hint="--accept-low-power")
    gate_options = () if accept_low_power is None else ("--accept-low-power", accept_low_power)
    extent = ("--share", str(shadow_share), "--messages", str(shadow_messages)) if shadow else None
    try:
        with Rounds(rounds).watched():
            _watch(rounds, out, policy, gate_options, extent, poll_s=poll_s, once=once, now=now)
    except RoundsError as error:
        console.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None


def _watch(
    rounds: Path,
    out: Path,
    policy: "Policy",
    gate_options: tuple[str, ...],
    extent: tuple[str, ...] | None,
    *,
    poll_s: float,
    once: bool,
    now: bool,
) -> None:
    from ops.learning.round import Outcome

    since, drift_tested_at = datetime.now(UTC), 0
    while True:
        try:
            looked, has_forgotten = _look(rounds, out, policy, since, drift_tested_at)
        except typer.Exit:  # said why; a watch outlives an outage of what it asks
            if once:
                raise
            time.sleep(poll_s)
            continue
        if looked.seen.embedding_p is not None:
            drift_tested_at = looked.seen.new_labels
        reason = looked.reason or ("by hand" if now and looked.unlearned else None)
        now = False
        console.print(f"{looked.seen.new_labels} new labels: {reason or 'no round is due'}", markup=False)
        if reason is not None:
            drift_tested_at = 0
            try:
                outcome = _round(looked, reason, rounds, out, gate_options, extent)
            except typer.Exit:  # as above
                outcome = Outcome.BROKE_OFF
            console.print(f"{outcome}", markup=False)
            if once and outcome not in (Outcome.SHADOWING, Outcome.INSTALLED):
                raise typer.Exit(1)
        if once and not has_forgotten:
            raise typer.Exit(1)
        if once:
            return
        time.sleep(poll_s)


def _look(
    rounds: Path, runs: Path, policy: "Policy", since: datetime, drift_tested_at: int
) -> tuple["Look", bool]:
    """Return what there is to learn, and whether everything that learning keeps has forgotten who is erased.

    What could not is told at each look. It keeps no round from beginning: a memory that cannot be read replays nothing.
    """
    from ops.learning.watch import look
    from streams.domain.feedback import FeedbackExample
    from trainer.watch.rounds import Rounds, RoundsUnreadable

    with buffer_settings() as settings:
        kept = asked(settings, buffered_examples)
        erased = asked(settings, RedisFeedbackBuffer.erased)
    read = map(FeedbackExample.model_validate_json, kept)
    examples = [example for example in read if example.patient_id not in erased]
    forgotten = forget(erased, rounds, runs, console)
    if forgotten.examples or forgotten.rows:
        console.print(
            f"{forgotten.examples} examples of erased patients left the rounds, {forgotten.rows} rows the runs",
            markup=False,
        )
    if forgotten.faults:
        console.print(
            f"{len(forgotten.faults)} of what learning keeps could not be erased from: see above", style="red"
        )
    try:
        looked = look(
            Rounds(rounds),
            examples,
            _embed,
            policy,
            watched_since=since,
            now=datetime.now(UTC),
            drift_tested_at=drift_tested_at,
        )
    except RoundsUnreadable as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    return looked, not forgotten.faults


def _embed(examples: "Sequence[FeedbackExample]") -> "NDArray[np.float32]":
    """Ask the live version's graph, on this machine's processor: the served one has work."""
    from streams.adapters.model_bundle import load_bundle
    from trainer.continual.labels import row_of
    from trainer.served import ServedGraph

    live = _live()
    graph = ServedGraph(live / "model.onnx", load_bundle(live).windower, workers=1)
    return graph.ask([row_of(example) for example in examples], title="drift").embedding


def _live() -> Path:
    with opened() as (release, _):
        return release.versions.path(release.live_version())


def _round(
    looked: "Look",
    reason: str,
    rounds: Path,
    out: Path,
    gate_options: tuple[str, ...],
    shadow_extent: tuple[str, ...] | None,
) -> "Outcome":
    """Run one round. `shadow_extent`: options of `triage models shadow`; None: the candidate is installed alone."""
    from ops.learning.round import Outcome, RoundPlan, run_round, triage
    from trainer.watch.rounds import LABELS, Rounds, learned

    live = _live()
    folder = Rounds(rounds).begin(looked.unlearned, reason)
    plan = RoundPlan(
        labels=folder / LABELS,
        live=live,
        runs=out,
        run=f"round-{folder.name}",
        gate_options=gate_options,
        shadow=shadow_extent is not None,
    )
    outcome = run_round(plan, triage, lambda candidate: _installed(candidate, reason, shadow_extent))
    if outcome in (Outcome.SHADOWING, Outcome.INSTALLED):
        learned(folder, outcome)
    return outcome


def _installed(candidate: Path, reason: str, shadow_extent: tuple[str, ...] | None) -> bool:
    from ops.learning.round import triage
    from ops.release.release import Author

    try:
        with opened() as (release, _):
            version = release.install(candidate, Author(author(None), reason))
    except typer.Exit:  # refused, and said why
        return False
    if shadow_extent is None:
        return True
    return triage(["models", "shadow", version, "--why", reason, *shadow_extent]) == 0
