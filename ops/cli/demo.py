"""`triage demo`: the whole stack, patient messages at a realistic pace, and what becomes of them."""

import json
import signal
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live

from ops.cli.demo_learning import learning
from ops.cli.failures import reported
from ops.cli.kafka import Follower, Sender
from ops.cli.play import Playback, Row
from ops.cli.running import running_stack
from ops.cli.summary import Summary
from ops.cli.tables import live_table
from ops.local.config import default_data_dir

if TYPE_CHECKING:
    from trainer.corpus import CorpusMessage

__all__ = ["demo_payloads", "register"]

console = Console()
_SEED = 20261123
_ONCE_MESSAGES = 60
_PACE_S = 0.5
_WAIT_S = 60.0
_SHOWN_ROWS = 24
_BROKEN_EVERY = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(invoke_without_command=True)
    group.callback()(demo)
    group.command()(learning)
    app.add_typer(group, name="demo")


def demo(
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="End when every played message has its events.")
    ] = False,
) -> None:
    """Play patient messages through a stack of its own and show them decided, until Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)
    if context.invoked_subcommand is not None:
        return
    with (
        reported(console),
        running_stack(console, default_data_dir() / "demo", fresh=True) as endpoints,
    ):
        kafka = {"bootstrap.servers": str(endpoints.kafka)}
        rows: deque[Row] = deque(maxlen=_SHOWN_ROWS)
        playback = Playback(Sender(kafka), Follower(kafka, from_start=False), on_row=rows.append)
        summary = _run(playback, rows, once=once)
        playback.follower.close()
    console.print(summary.table())
    raise typer.Exit(0 if summary.complete else 1)


def demo_payloads() -> Iterator[bytes]:
    """Yield the shipped messages, one in twenty of them broken, as intake systems send them."""
    from trainer.corpus import generate  # reads its tables: only this command waits for them

    start = datetime.now(UTC)
    run = start.strftime("%Y%m%dT%H%M%S")
    for i, message in enumerate(generate(1_000_000, seed=_SEED)):
        payload = json.dumps(patient_message(message, f"demo-{run}-{i:06d}", patient=f"MRN-{i % 40:05d}"))
        yield (
            payload[: len(payload) // 2].encode()
            if i % _BROKEN_EVERY == _BROKEN_EVERY - 1
            else payload.encode()
        )


def patient_message(message: "CorpusMessage", message_id: str, *, patient: str) -> dict[str, object]:
    """Return a generated message as the JSON document of a PatientMessage."""
    return {
        "message_id": message_id,
        "patient_id": patient,
        "sent_at": datetime.now(UTC).isoformat(),
        "source": "demo",
        "language": message.language,
        "text": message.text,
        "age_years": message.age_years,
        "sex": message.sex,
        "pregnant": message.pregnant,
        "vitals": message.vitals,
    }


def _run(playback: Playback, rows: deque[Row], *, once: bool) -> Summary:
    payloads = demo_payloads()
    with Live(console=console, auto_refresh=False) as live:
        try:
            while not once or len(playback.sent) < _ONCE_MESSAGES:
                playback.play([next(payloads)], interval_s=_PACE_S if not once else _PACE_S / 5)
                live.update(live_table(rows), refresh=True)
        except KeyboardInterrupt:
            console.print("Stopping: waiting for the last decisions.")
        summary = playback.wait(_WAIT_S)
        live.update(live_table(rows), refresh=True)
    if not console.is_terminal:
        console.line()  # Live ends its last line on terminals alone
    return summary


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
