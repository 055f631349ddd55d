"""`triage deadletters`: what a terminal shows, what a program gets, and what is sent again or closed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from confluent_kafka import TopicPartition
from typer.testing import CliRunner, Result

from ops.cli import deadletters
from ops.cli.letter_box import Filter, NotKept, OpenLetter
from ops.cli.main import app
from schemas import DeadLetter, DeadLetterReason, Origin, event_id
from streams.adapters.cipher import FernetCipher
from tests.unit.streams.factories import NOW, PRODUCER

CIPHER = FernetCipher([b"k" * 32])


def _letter(offset: int, reason: DeadLetterReason, ce_type: str | None = None) -> DeadLetter:
    origin = Origin(topic="triage.messages.v1", partition=0, offset=offset)
    return DeadLetter(
        event_id=event_id(DeadLetter.contract, "", str(origin)),
        reason=reason,
        origin=origin,
        message_id=f"m{offset}",
        source="ward",
        ce_type=ce_type,
        occurred_at=NOW,
        produced_by=PRODUCER,
        payload_bytes=1,
        encrypted_payload=None,
        payload_key_id="k",
    )


LETTERS = [_letter(1, DeadLetterReason.TEXT_EMPTY), _letter(2, DeadLetterReason.NOT_JSON)]


@dataclass
class FakeBox:
    """Holds the letters above, and the payloads of those that have one, by message id."""

    payloads: dict[str, str] = field(
        default_factory=lambda: {"m1": CIPHER.encrypt(b"1"), "m2": CIPHER.encrypt(b"2")}
    )
    letters: list[DeadLetter] = field(default_factory=lambda: list(LETTERS))
    done: list[tuple[str, str | None]] = field(default_factory=list)

    def sealed_payload(self, opened: OpenLetter) -> str:
        try:
            return self.payloads[opened.letter.message_id or ""]
        except KeyError:
            raise NotKept from None

    def send_again(self, letter: DeadLetter, payload: bytes) -> None:
        self.done.append((f"sent {payload.decode()}", letter.message_id))

    def close_letter(self, letter: DeadLetter) -> None:
        self.done.append(("closed", letter.message_id))

    def open_letters(self, wanted: Filter) -> list[OpenLetter]:
        place = TopicPartition(DeadLetter.contract, 0, 0)
        return [OpenLetter(letter, place) for letter in self.letters if wanted.admits(letter)]


@pytest.fixture(autouse=True)
def box(monkeypatch: pytest.MonkeyPatch) -> FakeBox:
    box = FakeBox()

    @contextmanager
    def opened() -> Iterator[tuple[FakeBox, FernetCipher]]:
        yield box, CIPHER

    monkeypatch.setattr(deadletters, "_box", opened)
    return box


def _run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["deadletters", *arguments], input=answer, env={"COLUMNS": "120"})


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


SENT = [("sent 1", "m1"), ("closed", "m1"), ("sent 2", "m2"), ("closed", "m2")]
CLOSED = [("closed", "m1"), ("closed", "m2")]


@pytest.mark.parametrize(
    ("command", "done", "said"), [("replay", SENT, "2 replayed"), ("discard", CLOSED, "2 discarded")]
)
def test_a_letter_is_worked_once_a_person_says_so(
    box: FakeBox, command: str, done: list[tuple[str, str]], said: str
) -> None:
    result = _run(command, answer="y\n")
    assert (result.exit_code, box.done) == (0, done)
    assert f"{command.capitalize()} 2 open letters?" in result.output
    assert said in result.stderr


@pytest.mark.parametrize(("command", "done"), [("replay", SENT), ("discard", CLOSED)])
def test_yes_asks_nothing(box: FakeBox, command: str, done: list[tuple[str, str]]) -> None:
    result = _run(command, "--yes")
    assert (result.exit_code, result.stdout, box.done) == (0, "", done)


@pytest.mark.parametrize("answer", ["n\n", ""], ids=["no", "end of input"])
@pytest.mark.parametrize("command", ["replay", "discard"])
def test_without_a_yes_nothing_is_done(box: FakeBox, command: str, answer: str) -> None:
    assert _run(command, answer=answer).exit_code == 1
    assert box.done == []


@pytest.mark.parametrize(
    ("command", "done"), [("replay", [("sent 2", "m2"), ("closed", "m2")]), ("discard", [("closed", "m2")])]
)
def test_only_what_is_meant_is_worked(box: FakeBox, command: str, done: list[tuple[str, str]]) -> None:
    assert _run(command, "--reason", "not_json", "--yes").exit_code == 0
    assert box.done == done


def test_what_another_key_sealed_stays_open_and_the_rest_is_sent(box: FakeBox) -> None:
    box.payloads["m1"] = FernetCipher([b"o" * 32]).encrypt(b"1")
    result = _run("replay", "--yes")
    assert (result.exit_code, box.done) == (1, SENT[2:])
    assert result.stderr == "1 replayed\n1 stay open: no payload key opens this token\n"


def test_a_letter_without_a_payload_stays_open(box: FakeBox) -> None:
    del box.payloads["m2"]
    result = _run("replay", "--yes")
    assert (result.exit_code, box.done) == (1, SENT[:2])
    assert result.stderr == "1 replayed\n1 stay open: holds no payload\n"


def test_another_version_is_sent_again_where_its_type_is_known(box: FakeBox) -> None:
    reason = DeadLetterReason.UNSUPPORTED_VERSION
    box.letters = [_letter(1, reason, "triage.messages.v2"), _letter(2, reason)]
    result = _run("replay", "--yes")
    assert (result.exit_code, box.done) == (1, SENT[:2])
    assert result.stderr.startswith("1 replayed\n1 stay open: declared a type that the letter does not keep")
