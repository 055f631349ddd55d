"""The committed AsyncAPI document is the generated one, and says of every topic what its records are."""

import json
from typing import Any

import jsonschema
import pytest

from ops.asyncapi import FILE, document
from schemas.export import NAMES
from streams.topics import ALL_TOPICS, TopicDefinition

GENERATED: dict[str, Any] = document()


def test_the_committed_document_is_the_generated_one() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == GENERATED, "run `make schemas`"


@pytest.mark.parametrize("topic", ALL_TOPICS, ids=lambda topic: topic.name)
def test_a_topic_leads_to_a_payload_that_its_own_example_satisfies(topic: TopicDefinition) -> None:
    channel = GENERATED["channels"][topic.name]
    ((name, reference),) = channel["messages"].items()
    assert reference == {"$ref": f"#/components/messages/{name}"}
    message = GENERATED["components"]["messages"][name]
    schema = {**message["payload"], "components": GENERATED["components"]}
    for example in message["examples"]:
        jsonschema.validate(example["payload"], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({}, schema)
    assert message["headers"]["properties"]["ce_type"]["const"] == NAMES[topic.holds]
    assert channel["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == topic.retention_ms


def test_only_what_others_write_is_received() -> None:
    actions = {name: operation["action"] for name, operation in GENERATED["operations"].items()}
    assert {name for name, action in actions.items() if action == "receive"} == {
        "receive.triage.messages.v1",
        "receive.triage.feedback.v1",
    }
    assert len(actions) == len(ALL_TOPICS)
