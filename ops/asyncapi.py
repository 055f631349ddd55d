"""Writes schemas/asyncapi.json (AsyncAPI 3.0) from the map of topics and the contracts: `python -m ops.asyncapi`.

For who connects from outside: every topic with its partitions and retention, what its records hold, their key and
headers, and an example. Payloads are what pydantic says of the contracts.

Does not cover servers and security: they are a deployment's (docs/reference/settings.md).
"""

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from schemas import Contract, Event
from schemas.export import CONTRACTS, GOLDEN_DIR, JSON_DIR, NAMES
from streams.envelope import CE_TYPE, TRACEPARENT, event_headers
from streams.topics import ALL_TOPICS, TopicDefinition
from streams.version import VERSION

__all__ = ["FILE", "document"]

FILE = JSON_DIR.parent / "asyncapi.json"
_BINDING = {"bindingVersion": "0.5.0"}
_TEXT = {"type": "string"}


def document() -> dict[str, Any]:
    """Return the description of all topics."""
    models = [(contract, "validation") for contract in CONTRACTS.values()]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type] # its literal
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "triage-streams",
            "version": VERSION,
            "description": "Patient messages in, a diagnosis and an urgency event out. Decision support for research, "
            "not a medical device. Delivery is at least once: keep the first record of each event_id.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in ALL_TOPICS},
        "operations": {
            f"{'receive' if topic.is_input else 'send'}.{topic.name}": {
                "action": "receive" if topic.is_input else "send",
                "channel": {"$ref": f"#/channels/{topic.name}"},
            }
            for topic in ALL_TOPICS
        },
        "components": {
            "messages": {topic.holds.__name__: _message(topic) for topic in ALL_TOPICS},
            "schemas": schemas["$defs"],
        },
    }


def _channel(topic: TopicDefinition) -> dict[str, Any]:
    name = topic.holds.__name__
    settings: dict[str, Any] = {
        key: int(value) if value.lstrip("-").isdigit() else value for key, value in topic.config.items()
    }
    if policy := topic.config.get("cleanup.policy"):
        settings["cleanup.policy"] = policy.split(",")
    kafka = {"topic": topic.name, "partitions": topic.partitions, "topicConfiguration": settings, **_BINDING}
    return {
        "address": topic.name,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"kafka": kafka},
    }


def _message(topic: TopicDefinition) -> dict[str, Any]:
    contract = topic.holds
    example = (GOLDEN_DIR / f"{NAMES[contract]}.json").read_text(encoding="utf-8")
    return {
        "name": NAMES[contract],
        "title": contract.__name__,
        "summary": (contract.__doc__ or "").strip().splitlines()[0],
        "headers": {"type": "object", "properties": _headers(contract, example)},
        "payload": {"$ref": f"#/components/schemas/{contract.__name__}"},
        "bindings": {"kafka": {"key": {**_TEXT, "description": topic.key}, **_BINDING}},
        "examples": [{"payload": json.loads(example)}],
    }


def _headers(contract: type[Contract], example: str) -> dict[str, Any]:
    """CloudEvents attributes and the trace; a sender may leave them out, our own events have all of them."""
    names = [CE_TYPE, TRACEPARENT]
    if issubclass(contract, Event):
        names = [name for name, _ in event_headers(contract.model_validate_json(example), b"")]
    return {name: {**_TEXT, "const": NAMES[contract]} if name == CE_TYPE else _TEXT for name in names}


def main() -> None:
    """Write the file."""
    text = json.dumps(document(), indent=2, ensure_ascii=False, sort_keys=True)
    FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
