import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ops.cli.main import app
from trainer.active.suggest import read_messages
from trainer.data.errors import BadRows

SHIPPED = Path("model_repo/triage_bert/1")
GOLDEN = json.loads(Path("schemas/golden/triage.admitted.v1.json").read_text())


def written(tmp_path: Path, *texts: str) -> Path:
    path = tmp_path / "admitted.jsonl"
    lines = [json.dumps({**GOLDEN, "message_id": f"m-{n}", "text": text}) for n, text in enumerate(texts)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_messages_are_named_once_and_a_repeated_text_comes_last(tmp_path: Path) -> None:
    path = written(tmp_path, "crushing chest pain", "very thirsty, always tired", "crushing chest pain")
    result = CliRunner().invoke(
        app, ["train", "suggest", str(path), "--model", str(SHIPPED), "--count", "3", "--json"]
    )
    assert result.exit_code == 0, result.output
    named = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
    assert sorted(one["message_id"] for one in named) == ["m-0", "m-1", "m-2"]
    assert named[2]["message_id"] in ("m-0", "m-2")
    assert "thirsty" not in result.output


def test_a_line_that_is_no_message_is_named_without_its_text(tmp_path: Path) -> None:
    path = written(tmp_path, "fine")
    path.write_text(path.read_text() + '{"text": "secret complaint"}\n')
    with pytest.raises(BadRows) as raised:
        read_messages(path)
    assert "row 2" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_line_separators_of_unicode_within_a_text_end_no_line(tmp_path: Path) -> None:
    text = "pain\u2028since\u0085noon"
    path = tmp_path / "admitted.jsonl"
    path.write_text(json.dumps({**GOLDEN, "text": text}, ensure_ascii=False) + "\n", encoding="utf-8")
    assert [message.text for message in read_messages(path)] == [text]
