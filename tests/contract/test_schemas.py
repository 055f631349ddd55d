"""The contracts: what is committed is what the code says, and no release breaks its consumers."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from schemas import event_id
from schemas.export import CONTRACTS, GOLDEN_DIR, JSON_DIR, NAMES, json_schema
from streams.topics import ALL_TOPICS
from tests.contract.compatibility import Direction, breaking_changes

RELEASED = sorted((JSON_DIR.parent / "released").iterdir())
INPUTS = {NAMES[topic.holds] for topic in ALL_TOPICS if topic.is_input}
"""What others write; all other contracts are ours to publish."""


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_committed_json_schema_is_the_generated_one(name: str) -> None:
    assert _read(JSON_DIR / f"{name}.schema.json") == json_schema(name), "run `make schemas`"


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_golden_example_is_valid_and_survives_a_round_trip(name: str) -> None:
    document = (GOLDEN_DIR / f"{name}.json").read_text(encoding="utf-8")
    parsed = CONTRACTS[name].model_validate_json(document)
    assert CONTRACTS[name].model_validate_json(parsed.model_dump_json()) == parsed
    jsonschema.validate(json.loads(document), json_schema(name))


@pytest.mark.parametrize("release", RELEASED, ids=lambda path: path.name)
@pytest.mark.parametrize("name", CONTRACTS)
def test_no_contract_breaks_a_release(release: Path, name: str) -> None:
    released = release / f"{name}.schema.json"
    if released.exists():
        direction = Direction.INPUT if name in INPUTS else Direction.OUTPUT
        assert breaking_changes(_read(released), json_schema(name), direction) == []


@pytest.mark.parametrize("release", RELEASED, ids=lambda path: path.name)
def test_no_released_contract_is_gone(release: Path) -> None:
    assert {path.name.removesuffix(".schema.json") for path in release.iterdir()} <= set(CONTRACTS)


def test_the_same_cause_has_the_same_event_id_on_every_machine() -> None:
    golden = _read(GOLDEN_DIR / "triage.urgencies.v1.json")
    assert str(event_id("triage.urgencies.v1", golden["source"], golden["message_id"])) == golden["event_id"]


def test_validation_errors_hold_no_input() -> None:
    secret = "Jane-Doe-has-chest-pain"
    document = json.dumps(
        {"message_id": 5, "text": secret, secret: secret, "vitals": {"heart_rate_bpm": secret}}
    )
    with pytest.raises(ValueError, match="validation errors") as caught:
        CONTRACTS["triage.messages.v1"].model_validate_json(document)
    # The name of an unknown field is all that pydantic still shows; decoding filters it (see test_decoding).
    assert str(caught.value).replace(f"\n{secret}\n", "").count(secret) == 0
