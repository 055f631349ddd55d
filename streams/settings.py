"""Settings from the environment (prefix TRIAGE_), validated once at start.

Does not cover secrets management: keys are read from the environment, where a deployment puts them.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["BufferSettings", "KafkaSettings", "ModelServerSettings", "PayloadSettings", "Settings"]

Stage = Literal["admit", "assess", "learn"]


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="TRIAGE_", frozen=True, extra="ignore", hide_input_in_errors=True
    )


class KafkaSettings(_Environment):
    """How to reach the brokers. Plaintext is refused outside development mode."""

    development: bool = Field(
        default=False, description="Allows plaintext connections on a developer's machine."
    )

    kafka_bootstrap: str
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "SASL_SSL"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None

    @model_validator(mode="after")
    def _refuse_plaintext_brokers(self) -> Self:
        if "PLAINTEXT" in self.kafka_security_protocol and not self.development:
            raise ValueError("plaintext Kafka needs TRIAGE_DEVELOPMENT=1")
        return self


class PayloadSettings(_Environment):
    """The keys of dead-letter payloads."""

    payload_key: SecretStr = Field(description="Seals dead-letter payloads; at least 32 bytes.")
    previous_payload_keys: tuple[SecretStr, ...] = Field(
        default=(),
        description="Open older payloads; a JSON list. A key stays here for the topic's retention.",
    )

    @property
    def payload_keys(self) -> list[bytes]:
        """The key that seals, then those that only open."""
        return [key.get_secret_value().encode() for key in (self.payload_key, *self.previous_payload_keys)]


class BufferSettings(KafkaSettings):
    """What the feedback path needs: brokers, Redis, the model's label set."""

    model_repository: Path = Path("model_repo")
    model_name: str = "triage_bert"
    model_version: str = Field(
        default="1", description="Explicit, never 'latest'; until the first promotion."
    )
    redis_url: SecretStr = SecretStr("rediss://127.0.0.1:6379/0")

    @model_validator(mode="after")
    def _refuse_plaintext_redis(self) -> Self:
        if not (self.development or self.redis_url.get_secret_value().startswith("rediss://")):
            raise ValueError("plaintext Redis needs TRIAGE_DEVELOPMENT=1")
        return self

    @property
    def model_dir(self) -> Path:
        """The folder of the pinned version."""
        return self.model_repository / self.model_name / self.model_version


class ModelServerSettings(BufferSettings):
    """What a release needs: brokers, the model's folder, its server."""

    triton_address: str = Field(default="127.0.0.1:8001", description="gRPC host:port.")
    triton_tls: bool = True

    @model_validator(mode="after")
    def _refuse_plaintext_triton(self) -> Self:
        if not (self.development or self.triton_tls):
            raise ValueError("plaintext Triton needs TRIAGE_DEVELOPMENT=1")
        return self


class Settings(ModelServerSettings, PayloadSettings):
    """One worker's settings. Outside development mode, plaintext connections and missing keys are refused."""

    pseudonym_key: SecretStr = Field(description="At least 32 bytes.")

    request_timeout_s: float = Field(default=10.0, gt=0, description="Deadline of one inference request.")
    express_notice_s: float = Field(
        default=5.0, gt=0, description="An express message waits no longer unannounced."
    )
    request_windows: int = Field(default=8, ge=1, le=64, description="Windows in one inference request.")
    express_requests: int = Field(
        default=8, ge=1, description="Inference requests in flight on the express lane."
    )
    standard_requests: int = Field(
        default=2,
        ge=1,
        description="The same on the standard lane: times the workers, one fewer than the model has instances.",
    )
    audit_share: float = Field(
        default=0.01, ge=0, le=1, description="Share of cases in the blind random audit."
    )
    ledger_retention_s: int = Field(default=30 * 86_400, ge=60)
    stuck_loop_s: float = Field(
        default=30.0, gt=0, description="An event loop that stands still for so long ends the process."
    )
    web_port: int = Field(default=0, ge=0, le=65_535, description="Health and metrics; 0: off.")
    web_bind: str = Field(
        default="127.0.0.1", description="A container's probes and scrapes come from outside."
    )
    state_dir: Path = Path(".triage/workers")
