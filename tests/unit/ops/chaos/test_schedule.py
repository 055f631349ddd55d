"""The nemesis and the workload follow from the seed, and leave nothing out."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from ops.chaos.faults import FAULTS
from ops.chaos.history import Accepted, Fault, HistoryWriter, read_history
from ops.chaos.nemesis import schedule
from ops.chaos.workload import POISONS, Kind, Message, workload


def _names(count: int, seed: int) -> list[str]:
    return [kind.name for kind in schedule(count, seed=seed)]


def test_each_kind_of_fault_comes_once_before_any_repeats() -> None:
    names = _names(3 * len(FAULTS) + 2, seed=5)
    every_kind = {kind.name for kind in FAULTS}
    assert len(every_kind) == len(FAULTS)
    for start in range(0, 3 * len(FAULTS), len(FAULTS)):
        assert set(names[start : start + len(FAULTS)]) == every_kind


def test_the_seed_decides_the_order() -> None:
    assert _names(40, seed=1) == _names(40, seed=1)
    assert _names(40, seed=1) != _names(40, seed=2)


def _stable(message: Message) -> tuple[object, ...]:
    payload = message.payload or b""
    at = payload.find(b'"sent_at"')
    return (message.number, message.kind, message.message_id, message.patient, payload[:at])


def test_the_same_seed_makes_the_same_messages_but_for_their_time() -> None:
    first, second = (list(map(_stable, workload(300, seed=9))) for _ in range(2))
    assert first == second


def test_a_workload_has_every_kind_of_message_and_of_poison() -> None:
    messages = list(workload(3000, seed=1))
    assert {message.kind for message in messages} == set(Kind)
    kinds = Counter(message.content.rpartition("-")[0] for message in messages if message.kind is Kind.POISON)
    assert set(kinds) == set(POISONS)


def test_a_clock_that_is_off_shows_in_the_message_and_in_the_record() -> None:
    messages = list(workload(1000, seed=4))
    off = [message for message in messages if message.clock_error]
    assert {message.kind for message in off} == {Kind.SKEWED_CLOCK}
    assert len(off) == sum(message.kind is Kind.SKEWED_CLOCK for message in messages)
    for message in off:
        sent_at = datetime.fromisoformat(json.loads(message.payload or b"")["sent_at"])
        assert abs(sent_at - datetime.now(UTC) - message.clock_error) < timedelta(minutes=1)


def test_a_copy_is_the_same_bytes_and_a_reused_id_is_not() -> None:
    first: dict[str | None, Message] = {}
    for message in workload(3000, seed=2):
        if message.kind is Kind.COPY:
            assert message.payload == first[message.message_id].payload
            assert message.content == first[message.message_id].content
        elif message.kind is Kind.REUSED_ID:
            assert message.content != first[message.message_id].content
            assert message.patient == first[message.message_id].patient
        else:
            first[message.message_id] = message


def test_ids_of_messages_that_can_be_read_are_their_own() -> None:
    fresh = [m for m in workload(2000, seed=3) if m.kind not in (Kind.COPY, Kind.REUSED_ID) and m.message_id]
    assert all(
        a.message_id != b.message_id for a, b in pairwise(sorted(fresh, key=lambda m: str(m.message_id)))
    )
    readable = [m for m in fresh if m.kind is not Kind.POISON]
    assert all(json.loads(m.payload or b"")["message_id"] == m.message_id for m in readable)


def test_a_history_comes_back_as_it_was_written(tmp_path: Path) -> None:
    accepted = Accepted(1, "plain", "chaos", None, "c", True, 3, 9)
    fault = Fault("kill_worker", "admit_1", 1, 2, 3, "began")
    path = tmp_path / "history.jsonl"
    with path.open("w", encoding="utf-8") as stream:
        writer = HistoryWriter(stream)
        writer.write(accepted)
        writer.write(fault)
    history = read_history(path)
    assert (history.accepted, history.faults) == ((accepted,), (fault,))
