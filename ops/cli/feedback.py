"""`triage feedback send | stats | export | disputes | adjudicate | erase | rebuild`."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import uuid4

import typer
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from ops.cli.connection import deployment, patient_pseudonym
from ops.cli.failures import reported
from ops.cli.feedback_outcomes import FeedbackPlace, FeedbackWatcher
from ops.cli.forgetting import Forgotten, forget
from ops.cli.message_file import read_lines
from ops.cli.rebuild import Rebuilt, rebuild_buffer
from ops.cli.record_key import record_key
from ops.quiet_kafka import quiet
from schemas import ClinicianFeedback, FeedbackVerdict
from streams.adapters.redis_feedback import BufferStats, RedisFeedbackBuffer
from streams.domain.decoding import ERASURE_TYPE
from streams.envelope import CE_TYPE
from streams.errors import Unavailable
from streams.kafka_security import librdkafka_config
from streams.settings import BufferSettings
from streams.topics import FEEDBACK
from streams.wiring import feedback_buffer, labels

__all__ = ["asked", "buffer_settings", "buffered_examples", "publish", "register"]

console = Console(stderr=True)
_FLUSH_TIMEOUT_S = 30.0
_LONGEST_ID = 128
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")

T = TypeVar("T")
Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
"""Key, value, headers."""

AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Wait = Annotated[bool, typer.Option(help="Wait for the worker, and say what became of each word.")]
TimeoutS = Annotated[float, typer.Option(min=0.0, help="How long to wait for the worker.")]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="What clinicians say of decisions, kept for training.")
    group.command()(send)
    group.command()(stats)
    group.command()(export)
    group.command()(disputes)
    group.command()(adjudicate)
    group.command()(erase)
    group.command()(rebuild)
    app.add_typer(group, name="feedback")


def send(
    file: Annotated[
        str, typer.Argument(help="One ClinicianFeedback as JSON a line; - reads standard input.")
    ],
    wait: Wait = True,
    timeout_s: TimeoutS = 30.0,
) -> None:
    """Publish feedback as it is, and say what became of it. Exits 1 where a word was not kept as it is."""
    words = [line.payload for line in read_lines(file)]
    with buffer_settings() as settings:
        _send_and_tell(settings, words, timeout_s if wait else None)


def stats(as_json: AsJson = False) -> None:
    """Count what the buffer holds."""
    with buffer_settings() as settings:
        found = asked(settings, RedisFeedbackBuffer.stats)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    table = Table("what", "count", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, count in _rows(found):
        table.add_row(name, str(count))
    Console().print(table)
    if found.is_being_rebuilt:
        console.print(
            "A rebuild has begun and not ended; words wait for it. `triage feedback rebuild` begins anew."
        )


def export(
    file: Annotated[Path, typer.Argument(help="Written as a whole; patient data, though de-identified.")],
) -> None:
    """Write the examples that training reads, one FeedbackExample as JSON a line."""
    with buffer_settings() as settings:
        examples = sorted(asked(settings, buffered_examples))
    try:
        file.write_text("".join(f"{example}\n" for example in examples), encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None
    typer.echo(f"{len(examples)} examples")


def disputes(as_json: AsJson = False) -> None:
    """List the messages on which the latest words of clinicians differ."""
    with buffer_settings() as settings:
        found = asked(settings, RedisFeedbackBuffer.disputes)
    if as_json:
        typer.echo(json.dumps([{"source": source, "message_id": name} for source, name in found], indent=2))
        return
    table = Table("source", "message", box=None, pad_edge=False)
    for source, message_id in found:
        table.add_row(source, message_id)
    Console().print(table)


def adjudicate(
    message: Annotated[str, typer.Argument(help="The message's id.")],
    clinician: Annotated[str, typer.Option("--as", help="Pseudonym of who settles it.")],
    diagnosis: Annotated[str | None, typer.Option(help="The right label.")] = None,
    urgency: Annotated[int | None, typer.Option(min=1, max=5, help="The right level.")] = None,
    source: Annotated[
        str | None, typer.Option(help="The message's sender; where left out, that of its open dispute.")
    ] = None,
    wait: Wait = True,
    timeout_s: TimeoutS = 30.0,
) -> None:
    """Settle what clinicians differ on. It outweighs their words, until the next ruling."""
    if diagnosis is None and urgency is None:
        raise typer.BadParameter("name --diagnosis, --urgency, or both")
    with buffer_settings() as settings:
        if diagnosis is not None and diagnosis not in labels(settings):
            raise typer.BadParameter(f"--diagnosis is one of {', '.join(labels(settings))}")
        try:
            word = ClinicianFeedback(
                feedback_id=uuid4().hex,
                message_id=message,
                source=source or _source_of(settings, message),
                clinician_id=clinician,
                verdict=FeedbackVerdict.ADJUDICATED,
                diagnosis=diagnosis,
                urgency=urgency,
                decided_at=datetime.now(UTC),
            )
        except ValidationError as error:
            raise typer.BadParameter(str(error)) from None
        _send_and_tell(settings, [word.model_dump_json().encode()], timeout_s if wait else None)


def erase(
    patient: Annotated[
        str | None, typer.Option(help="Pseudonym: 32 hexadecimal characters, as events carry it.")
    ] = None,
    patient_id: Annotated[
        str | None,
        typer.Option(
            metavar="MRN",
            help="The hospital's own id, as messages carry it; its pseudonym is made with TRIAGE_PSEUDONYM_KEY.",
        ),
    ] = None,
    rounds: Annotated[
        Path, typer.Option(help="What `triage train watch` gave its rounds; they forget the patient, too.")
    ] = Path("rounds"),
    runs: Annotated[
        Path,
        typer.Option(help="Runs of `triage train continue`; what they keep for replay forgets the patient."),
    ] = Path("runs"),
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    timeout_s: TimeoutS = 30.0,
) -> None:
    """Forget a patient: their examples leave the buffer, and no word on their messages is learned from again."""
    if (patient is None) == (patient_id is None):
        raise typer.BadParameter("name --patient PSEUDONYM or --patient-id MRN")
    if patient is not None and not _PSEUDONYM.fullmatch(patient):
        raise typer.BadParameter("--patient is a pseudonym: 32 hexadecimal characters")
    if patient_id is not None and not 1 <= len(patient_id) <= _LONGEST_ID:
        raise typer.BadParameter(f"--patient-id has 1 to {_LONGEST_ID} characters")
    if not yes:
        typer.confirm("Erase this patient's feedback and training examples, for good?", abort=True)
    with buffer_settings() as settings:
        name = patient or patient_pseudonym(patient_id or "")
        held = _held(settings, name)
        with closing(FeedbackWatcher(quiet(librdkafka_config(settings)))) as watcher:
            places = _deliver(settings, [(name.encode(), None, [(CE_TYPE, ERASURE_TYPE.encode())])])
            with console.status("Waiting for the worker"):
                outcomes = watcher.wait(places, timeout_s)
    forgotten = forget({name}, rounds, runs, console)
    done = outcomes.all_kept
    if outcomes.dead_letters:
        console.print(f"The worker `learn` failed on it: {outcomes}")
    typer.echo(_told_erasure(held, done, forgotten))
    raise typer.Exit(0 if done and not forgotten.faults else 1)


def _held(settings: BufferSettings, patient: str) -> int | None:
    """On how many of a patient's messages the buffer has feedback; None where it does not say, which is told."""
    try:
        return asked(settings, lambda buffer: buffer.held(patient))
    except Unavailable as cause:  # the erasure is recorded all the same: the worker waits
        console.print(f"{cause.service} is away: how much is held is not known", markup=False)
        return None


def _told_erasure(held: int | None, done: bool, forgotten: Forgotten) -> str:
    later = "Nothing of the patient is taken in from now on."
    nothing_on_disk = not (forgotten.examples or forgotten.rows or forgotten.faults)
    if done and held == 0 and nothing_on_disk:
        return (
            "Nothing was held of this patient: 0 messages in the buffer, 0 examples of rounds, 0 rows kept for replay. "
            f"The erasure is recorded. {later} If there should have been something, check the id, and the key that "
            "pseudonyms are made with."
        )
    return (
        f"{'Erased' if done else 'Recorded, and to be erased by the worker `learn`'}: all feedback on the patient in "
        f"the buffer{'' if held is None else f' ({held} messages)'}. {later} "
        f"{forgotten.examples} examples of rounds erased, {forgotten.rows} rows kept for replay."
    )


def rebuild(as_json: AsJson = False) -> None:
    """Empty the buffer and fill it from the topics. New words wait meanwhile."""
    with buffer_settings() as settings, console.status("Reading the feedback topic"):
        done = asyncio.run(rebuild_buffer(settings))
    typer.echo(json.dumps(asdict(done)) if as_json else _told(done))


def publish(settings: BufferSettings, words: list[bytes]) -> list[FeedbackPlace]:
    """Send words, keyed by the message they speak of; where each stands. Raises KafkaException."""
    return _deliver(settings, ((record_key(FEEDBACK.name, word), word, []) for word in words))


def _send_and_tell(settings: BufferSettings, words: list[bytes], timeout_s: float | None) -> None:
    """Send words and print what became of them within `timeout_s`; None: don't wait."""
    if timeout_s is None:
        publish(settings, words)
        typer.echo(f"{len(words)} sent")
        return
    with closing(FeedbackWatcher(quiet(librdkafka_config(settings)))) as watcher:
        places = publish(settings, words)
        with console.status("Waiting for the worker"):
            outcomes = watcher.wait(places, timeout_s)
    typer.echo(str(outcomes))
    if outcomes.dead_letters:
        console.print("`triage deadletters list` has the dead letters.")
    if not outcomes.all_kept:
        raise typer.Exit(1)


def _deliver(settings: BufferSettings, records: Iterable[Record]) -> list[FeedbackPlace]:
    failures: list[str] = []
    places: list[FeedbackPlace] = []

    def delivered(error: KafkaError | None, record: Message) -> None:
        if error is not None:
            failures.append(error.name())
        else:
            places.append((record.partition() or 0, record.offset() or 0))

    producer = Producer(
        {**quiet(librdkafka_config(settings)), "enable.idempotence": True, "partitioner": "murmur2_random"}
    )
    for key, value, headers in records:
        producer.produce(
            FEEDBACK.name,
            value,
            key=key,
            headers=headers,
            on_delivery=delivered,
        )
        producer.poll(0)
    unsent = producer.flush(_FLUSH_TIMEOUT_S)
    if unsent or failures:
        raise KafkaException(f"{unsent + len(failures)} words were not delivered")
    return places


async def buffered_examples(buffer: RedisFeedbackBuffer) -> list[str]:
    """Return every kept example as JSON, in no order. Raises Unavailable."""
    return [example async for example in buffer.examples()]


def asked(settings: BufferSettings, question: Callable[[RedisFeedbackBuffer], Awaitable[T]]) -> T:
    """Ask the buffer. Raises Unavailable."""

    async def ask() -> T:
        buffer = feedback_buffer(settings)
        try:
            return await question(buffer)
        finally:
            await buffer.close()

    return asyncio.run(ask())


def _source_of(settings: BufferSettings, message_id: str) -> str:
    open_disputes = asked(settings, RedisFeedbackBuffer.disputes)
    sources = [source for source, name in open_disputes if name == message_id]
    if len(sources) != 1:
        raise typer.BadParameter(f"{len(sources)} open disputes on a message of this id: name its --source")
    return sources[0]


def _rows(found: BufferStats) -> Iterator[tuple[str, int]]:
    yield "messages with feedback", found.cases
    yield "open adjudications", found.adjudications_open
    yield "erased patients", found.erased_patients
    yield "examples kept", found.examples
    yield "of them recent", found.recent
    yield from ((f"reservoir {name}", count) for name, count in found.reservoirs.items() if count)
    yield from found.counts.items()


def _told(done: Rebuilt) -> str:
    refused = "".join(f", {count} {reason}" for reason, count in sorted(done.refused.items()))
    return f"{done.read} words read, {done.kept} kept{refused}"


@contextmanager
def buffer_settings() -> Iterator[BufferSettings]:
    """Of the deployment that the environment names, else of the embedded stack; failures are told."""
    with reported(console), deployment(console, BufferSettings) as settings:
        yield settings
