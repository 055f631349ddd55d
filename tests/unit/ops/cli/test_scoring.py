"""`triage score`: one line a message, written when it is known, whatever fails meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import JsonValue
from rich.console import Console
from typer.testing import CliRunner

from ops.cli import score, scoring
from ops.cli.main import app
from ops.cli.message_file import Line
from ops.cli.scoring import Scorer, score_rows, scoring_settings
from schemas import AdmittedMessage
from streams.assessment import Assessment
from streams.domain.acuity import AcuityPolicy
from streams.domain.decide import Decision, decide
from streams.errors import Rejected, Unavailable
from streams.ports import Priority
from streams.wiring import admission
from tests.unit.streams.factories import NOW, profile

SECRET = "Zyxwvut"


class FakeAssessment:
    """Decides by rules alone. Is away for `outages` calls; fails on texts that name a failure."""

    def __init__(self, outages: int = 0) -> None:
        self.outages = outages
        self.batches: list[int] = []

    async def decide(self, messages: Sequence[AdmittedMessage], lane: Priority) -> list[Decision]:
        self.batches.append(len(messages))
        if self.outages:
            self.outages -= 1
            raise Unavailable("triton")
        for message in messages:
            if "bug" in message.text:
                raise KeyError(message.text)
            if "poison" in message.text:
                raise Rejected("model_rejected")
        return [decide(message, None, profile(), AcuityPolicy()) for message in messages]


def _scorer(assessment: FakeAssessment, outage_limit_s: float = 30.0) -> Scorer:
    return Scorer(
        admission(scoring_settings("nowhere:1")), cast(Assessment, assessment), outage_limit_s=outage_limit_s
    )


def _payload(message_id: str, text: str = "dull ache in my knee", **changes: JsonValue) -> bytes:
    document = {
        "message_id": message_id,
        "patient_id": "MRN-1",
        "sent_at": NOW.isoformat(),
        "source": "test",
        "text": text,
        **changes,
    }
    return json.dumps(document).encode()


def _score(scorer: Scorer, *payloads: bytes) -> list[dict[str, Any]]:
    return asyncio.run(scorer.score(payloads, 0))


def test_a_model_server_that_comes_back_costs_nothing() -> None:
    (row,) = _score(_scorer(FakeAssessment(outages=2)), _payload("m1"))
    assert (row["message_id"], row["error"]) == ("m1", None)


def test_a_model_server_that_stays_away_ends_the_scoring() -> None:
    with pytest.raises(Unavailable):
        _score(_scorer(FakeAssessment(outages=1_000_000), outage_limit_s=0.2), _payload("m1"))


@pytest.mark.parametrize(
    ("word", "code"), [("bug", "internal_error"), ("poison", "model_rejected")], ids=["bug", "poison"]
)
def test_one_row_that_fails_costs_no_other_and_its_error_holds_no_text(
    word: str, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _score(
        _scorer(FakeAssessment()), _payload("m1"), _payload("m2", f"{word} {SECRET}"), _payload("m3")
    )
    assert [row["message_id"] for row in rows] == ["m1", "m2", "m3"]
    assert [row["error"] and row["error"]["code"] for row in rows] == [None, code, None]
    assert SECRET not in json.dumps(rows) + "".join(capsys.readouterr())


def test_a_row_that_admission_fails_on_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(payload: bytes) -> None:
        raise RuntimeError(payload.decode())

    monkeypatch.setattr(scoring, "decode_patient_message", fail)
    (row,) = _score(_scorer(FakeAssessment()), _payload("m1", SECRET))
    assert row["error"] == {"code": "internal_error", "message": "RuntimeError"}


def test_a_row_that_was_rejected_names_its_message_where_the_ids_can_be_read() -> None:
    rows = _score(_scorer(FakeAssessment()), _payload("m1", ""), _payload(f"Mr {SECRET}", ""), b"{")
    assert [row["message_id"] for row in rows] == ["m1", None, None]
    assert {(row["urgency_level"], row["provisional"], row["needs_review"]) for row in rows} == {
        (None, None, True)
    }


def test_a_provisional_level_is_marked_and_says_why_a_human_should_look() -> None:
    doubtful, child = _payload("m1", "Me duele la cabeza desde ayer"), _payload("m2", age_years=4)
    rows = _score(_scorer(FakeAssessment()), doubtful, child)
    assert [(row["provisional"], row["review_reasons"]) for row in rows] == [
        (True, ["unsupported_language"]),
        (True, ["policy"]),
    ]


def test_each_row_names_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "assessment", lambda _: FakeAssessment())
    lines = [Line(1 + 2 * i, _payload(f"m{i}") if i % 2 else b"{") for i in range(70)]

    async def run() -> list[dict[str, Any]]:
        return [row async for row in score_rows(lines, "nowhere:1", None, Console(stderr=True))]

    rows = asyncio.run(run())
    assert [row["line"] for row in rows] == [line.number for line in lines]
    assert [row["message_id"] for row in rows[:4]] == [None, "m1", None, "m3"]


def test_a_message_id_with_other_content_is_a_conflict() -> None:
    rows = _score(_scorer(FakeAssessment()), _payload("m1"), _payload("m1", "something else"), _payload("m1"))
    assert [row["error"] and row["error"]["code"] for row in rows] == [None, "message_id_conflict", None]


@contextmanager
def _no_server() -> Iterator[tuple[str, None]]:
    yield "nowhere:1", None


def test_lines_that_are_done_stay_when_the_scoring_ends_early(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"{}\n{}\n{}\n")

    async def rows(*_: object) -> AsyncIterator[dict[str, Any]]:
        yield {"message_id": "m1", "error": None}
        assert [json.loads(line)["message_id"] for line in out.read_text().splitlines()] == ["m1"]
        raise Unavailable("triton")

    monkeypatch.setattr(score, "_model_server", _no_server)
    monkeypatch.setattr(scoring, "score_rows", rows)
    result = CliRunner().invoke(app, ["score", str(source), "--out", str(out)])
    assert (result.exit_code, result.output.strip()) == (1, "triton is away")
    assert out.read_text() == '{"message_id": "m1", "error": null}\n'


def test_standard_input_is_read_and_another_format_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[Line] = []

    async def rows(lines: list[Line], *_: object) -> AsyncIterator[dict[str, Any]]:
        taken.extend(lines)
        yield {"message_id": None, "error": {}}

    monkeypatch.setattr(score, "_model_server", _no_server)
    monkeypatch.setattr(scoring, "score_rows", rows)
    result = CliRunner().invoke(app, ["score", "-", "--out", str(tmp_path / "out.jsonl")], input="MSH|^~")
    assert (result.exit_code, taken) == (0, [Line(1, b"MSH|^~")])
    assert result.stderr.startswith("this looks like HL7 v2: convert it first")


def test_an_output_that_cannot_be_written_is_a_wrong_parameter(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"{}\n")
    result = CliRunner().invoke(app, ["score", str(source), "--out", str(tmp_path / "no" / "out.jsonl")])
    assert result.exit_code == 2
    assert "--out" in result.output
