"""What fails outside of a command ends it with a line and an exit status, never with a traceback."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from confluent_kafka import KafkaError, KafkaException
from typer.testing import CliRunner, Result

from ops.cli import connection, demo, kafka, letter_box, lifecycle, score
from ops.cli.main import app
from ops.cli.stack import PROJECT_ROOT
from ops.local.errors import PartFailed, StartTimeout
from streams.adapters import kafka_reader
from streams.errors import Unavailable

FAILURES = {
    "the stack did not start": (StartTimeout(90, ("triton",)), "not ready after 90 s: triton"),
    "a part failed": (PartFailed("kafka", "ended [1]", Path("k.log"), "last [words]"), "kafka: ended [1]"),
    "Kafka refused": (KafkaException("3 messages were not delivered"), "3 messages were not delivered"),
    "no broker answers": (
        KafkaException(KafkaError(KafkaError._TRANSPORT, "Failed to get metadata")),
        "Kafka is away: Failed to get metadata",
    ),
    "a topic is missing": (
        KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, "no such topic")),
        "Kafka: no such topic",
    ),
    "the brokers are away": (Unavailable("brokers"), "Kafka is away"),
    "Triton is away": (Unavailable("triton"), "triton is away"),
}


def _failing(error: Exception) -> Callable[..., NoReturn]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    return fail


def _run(monkeypatch: pytest.MonkeyPatch, folder: Path, error: Exception, command: list[str]) -> Result:
    monkeypatch.delenv("TRIAGE_KAFKA_BOOTSTRAP", raising=False)
    for module in (connection, demo):
        monkeypatch.setattr(module, "running_stack", _failing(error))
    monkeypatch.setattr(score, "_model_server", _failing(error))
    monkeypatch.setattr(lifecycle, "start", _failing(error))
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(folder / "data"))
    (folder / "in.jsonl").write_bytes(b"{}\n")
    monkeypatch.chdir(folder)
    return CliRunner().invoke(app, command)


@pytest.mark.parametrize(
    "command",
    [
        ["up"],
        ["send", "in.jsonl"],
        ["watch"],
        ["watch", "--json"],
        ["score", "in.jsonl", "--out", "o"],
        ["demo"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize(("error", "line"), FAILURES.values(), ids=FAILURES)
def test_a_failure_is_one_line_and_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str], error: Exception, line: str
) -> None:
    result = _run(monkeypatch, tmp_path, error, command)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith(line)
    assert "Traceback" not in result.output


def test_the_end_of_a_failed_parts_log_is_shown_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    error = PartFailed("kafka", "ended with status 1", tmp_path / "k.log", "[/red] last words")
    assert _run(monkeypatch, tmp_path, error, ["up"]).output.splitlines()[1] == "[/red] last words"


@pytest.mark.parametrize(
    "command",
    [
        "evaluate",
        "models watch",
        "models gate x --against x",
        "train suggest in.jsonl",
        "train watch",
        "train continue",
    ],
)
def test_what_needs_the_training_environment_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setattr("ops.cli.failures.find_spec", lambda _: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    told = CliRunner().invoke(app, command.split())
    assert told.exit_code == 1, told.output
    assert told.output == "This needs the training environment: `make dev` brings it.\n"


def test_a_bug_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = _run(monkeypatch, tmp_path, ZeroDivisionError(), ["watch"])
    assert isinstance(result.exception, ZeroDivisionError)


_NOBODY_LISTENS = {
    "TRIAGE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "TRIAGE_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
    "TRIAGE_REDIS_URL": "redis://127.0.0.1:1/0",
    "TRIAGE_TRITON_ADDRESS": "127.0.0.1:1",
    "TRIAGE_TRITON_TLS": "0",
    "TRIAGE_DEVELOPMENT": "1",
    "TRIAGE_PAYLOAD_KEY": secrets.token_hex(32),
    "TRIAGE_MODEL_REPOSITORY": str(PROJECT_ROOT / "model_repo"),
}


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("deadletters list", "Kafka is away: "),
        ("models explain m1", "Kafka is away"),
        ("models history", "Kafka is away"),
        ("models list", "Which version decides is not known: Kafka is away."),
        ("feedback send word.json", "Kafka is away"),
        ("send word.json", "Kafka is away: "),
        ("watch", "Kafka is away: "),
        ("watch --json", "Kafka is away: "),
    ],
)
def test_a_broker_that_is_away_is_one_line_and_its_client_is_silent(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    command: str,
    line: str,
) -> None:
    for module in (kafka_reader, letter_box):
        monkeypatch.setattr(module, "_TIMEOUT_S", 0.5)
    monkeypatch.setattr(kafka, "_METADATA_TIMEOUT_S", 0.5)
    for name, value in _NOBODY_LISTENS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "word.json").write_text('{"message_id": "m1"}', encoding="utf-8")
    told = CliRunner().invoke(app, command.split())
    assert told.stderr.startswith(line), told.output
    assert len(told.stderr.splitlines()) == 1
    assert capfd.readouterr().err == "", "librdkafka writes past Python"
