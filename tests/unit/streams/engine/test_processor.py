"""Which message is at fault, what is tried again, what ends in a crash."""

import asyncio
import itertools
from collections.abc import Callable, Sequence

import pytest
from aiokafka import ConsumerRecord
from structlog.testing import capture_logs

from streams.engine import Output, Progress, RetryPolicy, StageFailed
from streams.engine.errors import DeliveryFailed
from streams.engine.processor import ChunkProcessor
from streams.errors import Rejected, Unavailable

RecordFactory = Callable[..., ConsumerRecord]
Items = Sequence[tuple[ConsumerRecord, str]]

AT_ONCE = RetryPolicy(internal_attempts=3, initial_wait_s=0.0, max_wait_s=0.0)
PATIENT_TEXT = "chest pain since yesterday"


class ScriptedStage:
    """Reads the fate of a message from its value, and notes the calls."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.outage: list[Exception] = []

    def decode(self, record: ConsumerRecord) -> str:
        text: str = record.value.decode()
        if text == "undecodable":
            raise Rejected("not_json")
        if text == "decoder-bug":
            raise KeyError(PATIENT_TEXT)
        return text

    async def handle(self, items: Items) -> Sequence[Sequence[Output]]:
        texts = [text for _, text in items]
        self.calls.append(texts)
        if self.outage:
            raise self.outage.pop(0)
        if "poison" in texts:
            raise Rejected("field_invalid", "vitals")
        if "bug" in texts:
            raise RuntimeError(PATIENT_TEXT)
        if "miscount" in texts:
            return []
        return [[Output("done", None, b"x" * 500 if text == "large" else text.encode())] for text in texts]

    async def dead_letter(self, record: ConsumerRecord, cause: Rejected) -> Output:
        return Output("dead", None, cause.code.encode())


@pytest.fixture
def stage() -> ScriptedStage:
    return ScriptedStage()


@pytest.fixture
def processor(stage: ScriptedStage) -> ChunkProcessor[str]:
    return ChunkProcessor(stage, topic="lane", policy=AT_ONCE, max_output_bytes=400)


@pytest.fixture
def chunk(make_record: RecordFactory) -> Callable[..., list[ConsumerRecord]]:
    def make(*texts: str) -> list[ConsumerRecord]:
        return [make_record(offset, text.encode()) for offset, text in enumerate(texts)]

    return make


Chunk = Callable[..., list[ConsumerRecord]]
Processor = ChunkProcessor[str]


def values(outputs: list[Output]) -> list[tuple[str, bytes | None]]:
    return [(output.topic, output.value) for output in outputs]


async def test_outputs_keep_the_order_of_the_records(processor: Processor, chunk: Chunk) -> None:
    outputs = await processor.process(chunk("a", "undecodable", "b", "poison", "c"))
    assert values(outputs) == [
        ("done", b"a"),
        ("dead", b"not_json"),
        ("done", b"b"),
        ("dead", b"field_invalid"),
        ("done", b"c"),
    ]


async def test_a_message_rejected_in_decode_never_reaches_the_handler(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    await processor.process(chunk("undecodable", "a"))
    assert stage.calls == [["a"]]


async def test_a_chunk_of_rejected_messages_only_does_not_call_the_handler(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    assert values(await processor.process(chunk("undecodable"))) == [("dead", b"not_json")]
    assert stage.calls == []


async def test_a_bug_in_decode_is_a_dead_letter_of_that_message(processor: Processor, chunk: Chunk) -> None:
    assert values(await processor.process(chunk("decoder-bug", "a"))) == [
        ("dead", b"internal_error"),
        ("done", b"a"),
    ]


async def test_a_rejection_by_the_handler_is_not_tried_again(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    await processor.process(chunk("poison"))
    assert stage.calls == [["poison"]]


async def test_bisection_calls_the_handler_a_logarithmic_number_of_times(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    texts = [f"ok{n}" for n in range(32)]
    texts[13] = "poison"
    await processor.process(chunk(*texts))
    assert len(stage.calls) == 11


async def test_an_unexpected_error_is_tried_again_before_anything_else(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    stage.outage = [RuntimeError(), RuntimeError()]
    assert values(await processor.process(chunk("a", "b"))) == [("done", b"a"), ("done", b"b")]
    assert stage.calls == [["a", "b"]] * 3


async def test_a_bug_on_one_message_is_a_dead_letter_when_its_siblings_succeed(
    processor: Processor, chunk: Chunk
) -> None:
    assert values(await processor.process(chunk("a", "bug", "b"))) == [
        ("done", b"a"),
        ("dead", b"internal_error"),
        ("done", b"b"),
    ]


async def test_a_verdict_on_a_sibling_also_shows_that_the_environment_works(
    processor: Processor, chunk: Chunk
) -> None:
    assert values(await processor.process(chunk("bug", "poison"))) == [
        ("dead", b"internal_error"),
        ("dead", b"field_invalid"),
    ]


async def test_a_fault_on_every_message_of_a_chunk_is_not_blamed_on_them(
    processor: Processor, chunk: Chunk
) -> None:
    with pytest.raises(StageFailed, match="RuntimeError at lane-0@0"):
        await processor.process(chunk("bug", "bug", "bug"))


async def test_a_lone_message_that_fails_without_any_other_success_is_not_blamed(
    processor: Processor, chunk: Chunk
) -> None:
    await processor.process(chunk("a"))
    with pytest.raises(StageFailed):
        await processor.process(chunk("bug"))


def gets_through_at(call: int, stage: ScriptedStage, others: Processor, chunk: Chunk) -> None:
    """Let a chunk of `others` get through while the `call`-th call of the handler is on."""
    handle = stage.handle
    begun = itertools.count(1)

    async def watched(items: Items) -> Sequence[Sequence[Output]]:
        if next(begun) == call:
            await others.process(chunk("a"))
        return await handle(items)

    stage.handle = watched  # type: ignore[method-assign]


@pytest.mark.parametrize("size", [1, 2, 3, 32])
async def test_messages_that_fail_while_another_chunk_succeeds_are_dead_letters(
    stage: ScriptedStage, processor: Processor, chunk: Chunk, size: int
) -> None:
    gets_through_at(2, stage, processor, chunk)
    outputs = await processor.process(chunk(*["bug"] * size))
    assert values(outputs) == [("dead", b"internal_error")] * size


@pytest.mark.parametrize("size", [1, 2, 32])
async def test_what_got_through_before_the_first_failure_is_no_evidence(
    stage: ScriptedStage, processor: Processor, chunk: Chunk, size: int
) -> None:
    gets_through_at(1, stage, processor, chunk)
    with pytest.raises(StageFailed):
        await processor.process(chunk(*["bug"] * size))


@pytest.mark.parametrize("size", [1, 2])
async def test_messages_that_fail_while_a_stream_of_the_same_work_succeeds_are_dead_letters(
    stage: ScriptedStage, chunk: Chunk, size: int
) -> None:
    shared = Progress()
    express, standard = (
        ChunkProcessor(stage, topic=lane, policy=AT_ONCE, max_output_bytes=400, progress=shared)
        for lane in ("express", "standard")
    )
    gets_through_at(2, stage, standard, chunk)
    outputs = await express.process(chunk(*["bug"] * size))
    assert values(outputs) == [("dead", b"internal_error")] * size
    with pytest.raises(StageFailed):  # nothing has got through since
        await express.process(chunk(*["bug"] * size))


async def test_a_wrong_number_of_outputs_ends_the_stage_at_once(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    with pytest.raises(StageFailed, match="OutputCountMismatch"):
        await processor.process(chunk("a", "miscount"))
    assert len(stage.calls) == 1


async def test_an_output_that_can_never_be_delivered_is_a_dead_letter(
    processor: Processor, chunk: Chunk
) -> None:
    assert values(await processor.process(chunk("large", "a"))) == [
        ("dead", b"payload_too_large"),
        ("done", b"a"),
    ]


async def test_a_handlers_own_delivery_that_fails_is_no_fault_of_its_messages(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    stage.outage = [DeliveryFailed("TOPIC_AUTHORIZATION_FAILED")]
    with pytest.raises(DeliveryFailed):
        await processor.process(chunk("a", "b"))
    assert stage.calls == [["a", "b"]]


async def test_an_outage_is_waited_for_beyond_the_attempts_for_bugs(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    stage.outage = [Unavailable("triton") for _ in range(50)]
    assert values(await processor.process(chunk("a", "b"))) == [("done", b"a"), ("done", b"b")]
    assert stage.calls == [["a", "b"]] * 51


async def test_an_outage_during_bisection_is_waited_for_as_well(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    stage.outage = [Rejected("field_invalid"), *(Unavailable("triton") for _ in range(20))]
    assert values(await processor.process(chunk("a", "b"))) == [("done", b"a"), ("done", b"b")]


async def test_an_outage_is_logged_once_when_it_begins_and_once_when_it_ends(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    stage.outage = [Unavailable("triton") for _ in range(20)]
    with capture_logs() as logs:
        await asyncio.gather(*(processor.process(chunk("a")) for _ in range(4)))
    assert [line["event"] for line in logs] == ["consumption_paused", "consumption_resumed"]
    assert logs[0]["service"] == "triton"
    assert logs[0]["topic"] == "lane"


async def test_what_is_waited_for_is_known_until_the_last_chunk_goes_on(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    seen: list[frozenset[str]] = []
    stage.outage = [Unavailable("model"), Unavailable("model"), Unavailable("model")]
    handle = stage.handle

    async def watched(items: Items) -> Sequence[Sequence[Output]]:
        seen.append(processor.waits_for)
        return await handle(items)

    stage.handle = watched  # type: ignore[method-assign]
    await asyncio.gather(processor.process(chunk("a")), processor.process(chunk("b")))
    assert seen[0] == frozenset()
    assert seen[-1] == {"model"}
    assert processor.waits_for == frozenset()


async def test_stopping_during_an_outage_is_not_logged_as_its_end(
    stage: ScriptedStage, processor: Processor, chunk: Chunk
) -> None:
    stage.outage = [Unavailable("triton") for _ in range(100_000)]
    with capture_logs() as logs:
        waiting = asyncio.create_task(processor.process(chunk("a")))
        while not logs:  # noqa: ASYNC110 - a log line sets no event
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert [line["event"] for line in logs] == ["consumption_paused"]
    assert processor.waits_for == frozenset()


async def test_logs_name_the_error_and_the_record_but_never_quote_the_text(
    processor: Processor, chunk: Chunk
) -> None:
    with capture_logs() as logs:
        await processor.process(chunk("a", "bug", "decoder-bug"))
    failed = [line for line in logs if line["event"] == "message_failed"]
    assert {(line["error"], line["topic"], line["partition"], line["offset"]) for line in failed} == {
        ("KeyError", "lane", 0, 2),
        ("RuntimeError", "lane", 0, 1),
    }
    assert all("test_processor.py" in line["frames"][-1] for line in failed)
    assert PATIENT_TEXT not in str(logs)


async def test_the_error_that_ends_a_stage_does_not_quote_the_text(
    processor: Processor, chunk: Chunk
) -> None:
    with pytest.raises(StageFailed) as failure:
        await processor.process(chunk("bug", "bug"))
    assert PATIENT_TEXT not in str(failure.value)
    assert failure.value.__cause__ is None
    assert failure.value.__context__ is None
