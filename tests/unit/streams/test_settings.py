"""Insecure settings need the development flag; errors never show a secret."""

from typing import Any

import pytest
from pydantic import ValidationError

from streams.settings import Settings

SECRET = "very-secret-value"
SECURE: dict[str, Any] = {
    "kafka_bootstrap": "broker:9093",
    "pseudonym_key": SECRET,
    "payload_key": SECRET,
    "redis_url": "rediss://redis:6379/0",
}


def test_secure_settings_are_accepted() -> None:
    assert Settings(**SECURE).kafka_security_protocol == "SASL_SSL"


@pytest.mark.parametrize(
    "insecure",
    [
        {"kafka_security_protocol": "PLAINTEXT"},
        {"triton_tls": False},
        {"redis_url": f"redis://:{SECRET}@redis/0"},
    ],
)
def test_an_insecure_connection_is_refused_outside_development(insecure: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="TRIAGE_DEVELOPMENT") as caught:
        Settings(**{**SECURE, **insecure})
    assert SECRET not in str(caught.value)
    assert Settings(**{**SECURE, **insecure, "development": True})


def test_secrets_do_not_show() -> None:
    assert SECRET not in repr(Settings(**SECURE))


def test_keys_have_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIAGE_PSEUDONYM_KEY", raising=False)
    with pytest.raises(ValidationError, match="pseudonym_key"):
        Settings(**{name: value for name, value in SECURE.items() if name != "pseudonym_key"})
