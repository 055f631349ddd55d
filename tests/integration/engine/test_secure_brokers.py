"""TLS and SASL, as in a deployment: both clients of a worker get through with the right keys, and none without."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from streams.brokers import Brokers
from streams.engine import Output, Sink
from streams.kafka_security import librdkafka_config
from streams.settings import KafkaSettings
from streams.topics import DEADLETTERS, MESSAGES
from tests.integration.engine.secure import (
    PARTITIONS,
    PASSWORDS,
    SecureBroker,
    admission,
    secure_broker,
    worker_environment,
)
from tests.integration.engine.support import wait_until

pytestmark = pytest.mark.stack

MESSAGE_COUNT = 40
WRONG = {
    "password": ({"KAFKA_PASSWORD": "another"}, "SaslAuthenticationFailed"),
    "user": ({"KAFKA_USERNAME": "nobody"}, "SaslAuthenticationFailed"),
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    with secure_broker(tmp_path_factory.mktemp("secure")) as broker:
        yield broker


@pytest.mark.parametrize("mechanism", sorted(PASSWORDS))
def test_a_worker_reads_delivers_and_acknowledges(
    broker: SecureBroker, tmp_path: Path, mechanism: str
) -> None:
    letters, acknowledged = broker.appended(DEADLETTERS.name), broker.committed()
    broker.send(MESSAGE_COUNT)
    with admission(worker_environment(broker, mechanism), tmp_path) as worker:
        wait_until(lambda: broker.committed() == broker.appended(MESSAGES.name))
        worker.terminate()
        assert worker.wait(timeout=30) == 0
    assert broker.committed() == acknowledged + MESSAGE_COUNT
    assert broker.appended(DEADLETTERS.name) == letters + MESSAGE_COUNT


def _assert_refused(broker: SecureBroker, environment: dict[str, str], folder: Path, reason: str) -> None:
    """The worker ends by itself, says why, and has neither read nor written anything."""
    broker.send(MESSAGE_COUNT)
    before = (broker.committed(), broker.appended(DEADLETTERS.name))
    with admission(environment, folder) as worker:
        assert worker.wait(timeout=60) == 1
    assert reason in (folder / "worker.log").read_text(encoding="utf-8")
    assert (broker.committed(), broker.appended(DEADLETTERS.name)) == before


@pytest.mark.parametrize("mechanism", sorted(PASSWORDS))
@pytest.mark.parametrize("wrong", sorted(WRONG))
def test_wrong_credentials_end_the_worker_with_the_reason_and_nothing_acknowledged(
    broker: SecureBroker, tmp_path: Path, mechanism: str, wrong: str
) -> None:
    changes, reason = WRONG[wrong]
    _assert_refused(broker, worker_environment(broker, mechanism, **changes), tmp_path, reason)


def test_a_broker_of_an_unknown_authority_ends_the_worker_with_the_reason_and_nothing_acknowledged(
    broker: SecureBroker, tmp_path: Path
) -> None:
    untrusted = {"KAFKA_CA_FILE": str(broker.other_authority_file)}
    environment = worker_environment(broker, "SCRAM-SHA-512", **untrusted)
    _assert_refused(broker, environment, tmp_path, "CERTIFICATE_VERIFY_FAILED")


@pytest.fixture
def settings(broker: SecureBroker, monkeypatch: pytest.MonkeyPatch) -> KafkaSettings:
    for name, value in worker_environment(broker, "SCRAM-SHA-512").items():
        monkeypatch.setenv(name, value)
    return KafkaSettings()


async def test_health_and_lag_are_asked_over_the_same_secure_way(
    broker: SecureBroker, settings: KafkaSettings
) -> None:
    brokers = Brokers(librdkafka_config(settings))
    assert await brokers.answer()
    broker.send(MESSAGE_COUNT)
    lags = await brokers.lag({(MESSAGES.name, number): None for number in range(PARTITIONS)})
    assert sum(lags.values()) == broker.appended(MESSAGES.name)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"kafka_password": "another"}, "_AUTHENTICATION"), ({"kafka_ca_file": "other"}, "_SSL")],
)
async def test_a_sink_without_the_right_keys_delivers_nothing_and_says_why(
    broker: SecureBroker, settings: KafkaSettings, changes: dict[str, str], code: str
) -> None:
    files = {"other": str(broker.other_authority_file)}
    changed = {name: files.get(value, value) for name, value in changes.items()}
    wrong = KafkaSettings(**{**settings.model_dump(), **changed})
    letters = broker.appended(DEADLETTERS.name)
    with capture_logs() as logs:
        async with Sink(librdkafka_config(wrong)) as sink:
            delivered = await sink.send([Output(DEADLETTERS.name, b"key", b"value")])
            while not any(line.get("code") == code for line in logs):  # noqa: ASYNC110 - a log line sets no event
                await asyncio.sleep(0.01)
            assert not delivered.done()
    assert delivered.exception() is not None
    assert broker.appended(DEADLETTERS.name) == letters
    assert "another" not in str(logs)
