"""`triage deadletters`: what a terminal shows, and what a program gets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import TopicPartition
from typer.testing import CliRunner, Result

from ops.cli import deadletters
from ops.cli.letter_box import Filter, OpenLetter
from ops.cli.main import app
from schemas import DeadLetter, DeadLetterReason, Origin, event_id
from tests.unit.streams.factories import NOW, PRODUCER


def _letter(offset: int, reason: DeadLetterReason) -> DeadLetter:
    origin = Origin(topic="triage.messages.v1", partition=0, offset=offset)
    return DeadLetter(
        event_id=event_id(DeadLetter.contract, "", str(origin)),
        reason=reason,
        origin=origin,
        message_id=f"m{offset}",
        source="ward",
        occurred_at=NOW,
        produced_by=PRODUCER,
        payload_bytes=1,
        encrypted_payload=None,
        payload_key_id="k",
    )


LETTERS = [_letter(1, DeadLetterReason.TEXT_EMPTY), _letter(2, DeadLetterReason.NOT_JSON)]


class FakeBox:
    """Holds the letters above."""

    def open_letters(self, wanted: Filter) -> list[OpenLetter]:
        place = TopicPartition(DeadLetter.contract, 0, 0)
        return [OpenLetter(letter, place) for letter in LETTERS if wanted.admits(letter)]


@contextmanager
def _box() -> Iterator[tuple[FakeBox, None]]:
    yield FakeBox(), None


@pytest.fixture(autouse=True)
def _two_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadletters, "_box", _box)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["deadletters", *arguments], env={"COLUMNS": "120"})


def test_the_list_shows_the_senders_ids_and_ends_with_its_count() -> None:
    result = _run("list")
    assert result.stderr == ""
    lines = [line.split() for line in result.stdout.splitlines() if line.strip()]
    assert [("m1" in line, "ward" in line) for line in lines[1:3]] == [(True, True), (False, True)]
    assert lines[-1] == ["2", "open", "letters"]


def test_a_program_gets_letters_alone() -> None:
    result = _run("list", "--json")
    assert [json.loads(line)["message_id"] for line in result.stdout.splitlines()] == ["m1", "m2"]
    assert result.stderr == ""


def test_a_reason_restricts_and_an_unknown_one_is_answered_with_all() -> None:
    assert [
        json.loads(line)["reason"]
        for line in _run("list", "--json", "--reason", "not_json").stdout.splitlines()
    ] == ["not_json"]
    result = _run("list", "--reason", "nonsense")
    assert result.exit_code == 2
    assert all(reason in "".join(result.stderr.split()) for reason in ("text_empty", "patient_erased"))


def test_the_help_names_the_reasons_by_a_placeholder() -> None:
    text = _run("list", "--help").stdout
    assert "REASON" in text
    assert "patient_erased" not in text


def test_an_id_that_no_letter_has_is_an_error_with_a_way_on() -> None:
    result = _run("show", "nonsense")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no open letter has an id that begins with 'nonsense'" in result.stderr
    assert "triage deadletters list" in result.stderr


def test_an_id_that_several_letters_have_is_too_short() -> None:
    result = _run("show", "")
    assert result.exit_code == 1
    assert "2 open letters have an id that begins with ''" in result.stderr


@pytest.mark.parametrize("command", ["replay", "discard"])
def test_nothing_to_do_is_no_error(command: str) -> None:
    result = _run(command, "nonsense", "--yes")
    assert (result.exit_code, result.stderr) == (
        0,
        f"No open letter matches, so there is none to {command}.\n",
    )
