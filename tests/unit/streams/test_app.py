"""What each worker's readiness asks for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from streams import app as app_module
from streams.app import EXPRESS_CHUNK, EXPRESS_DEPTH, EXPRESS_QUEUE, create_app
from streams.health import Check
from streams.settings import Settings
from streams.topics import EXPRESS

NOWHERE = "127.0.0.1:1"
MESSAGE_BYTES = 9_000
"""A message in process, measured: its record of 1.2 kB and what was decoded from it."""


@pytest.mark.parametrize(("stage", "needs"), [("admit", set()), ("assess", {"model"}), ("learn", {"redis"})])
async def test_a_worker_is_not_ready_without_what_its_stage_cannot_work_without(
    stage: Any, needs: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checks: dict[str, Check] = {}

    def note(_app: object, _brokers: object, dependencies: Mapping[str, Check]) -> None:
        checks.update(dependencies)

    monkeypatch.setattr(app_module, "add_pages", note)
    settings = Settings(
        development=True,
        kafka_bootstrap=NOWHERE,
        kafka_security_protocol="PLAINTEXT",
        redis_url=f"redis://{NOWHERE}/0",
        pseudonym_key="k" * 32,
        payload_key=Fernet.generate_key().decode(),
        state_dir=tmp_path,
    )
    create_app(stage, settings)
    assert checks.keys() == needs
    assert not any([await check() for check in checks.values()])


def test_a_long_outage_of_the_model_does_not_fill_the_memory_with_express_messages() -> None:
    messages = EXPRESS.partitions * (EXPRESS_DEPTH + EXPRESS_QUEUE) * EXPRESS_CHUNK
    assert messages * MESSAGE_BYTES < 1e9
