"""The one place that chooses and builds adapters."""

from datetime import UTC, datetime

from schemas import Producer
from streams.adapters.cipher import FernetCipher
from streams.adapters.deidentify import PatternDeIdentifier
from streams.adapters.lane_index import LaneIndex
from streams.adapters.language import ScriptLanguageIdentifier
from streams.adapters.model_bundle import content_sha256, load_bundle, load_labels
from streams.adapters.model_log import ModelLog
from streams.adapters.pseudonyms import HmacPseudonymizer
from streams.adapters.red_flag_rules import clinical_words, load_red_flag_rules, load_red_flag_screen
from streams.adapters.redis_feedback import RedisFeedbackBuffer
from streams.adapters.redis_ledger import RedisLedger
from streams.adapters.redis_shadow import RedisShadowTally
from streams.adapters.remembering_ledger import RememberingLedger
from streams.adapters.triton import TritonModel
from streams.assessment import Assessment, RequestLimits
from streams.domain.acuity import AcuityPolicy
from streams.domain.admission import Admission
from streams.domain.feedback import training_classes
from streams.errors import VersionUnusable
from streams.kafka_security import librdkafka_config
from streams.live_assessment import LiveAssessment
from streams.settings import BufferSettings, Settings
from streams.shadow import Shadow
from streams.version import VERSION

__all__ = [
    "POLICY",
    "admission",
    "admitted_messages",
    "assessment",
    "cipher",
    "feedback_buffer",
    "labels",
    "ledger",
    "live_assessment",
    "model_log",
    "now",
    "service",
    "shadow_tally",
]

POLICY = AcuityPolicy()


def now() -> datetime:
    """The wall clock of all events."""
    return datetime.now(UTC)


def admission(settings: Settings) -> Admission:
    """Build admission with its tools. Raises ConfigurationError where a red-flag list is malformed."""
    return Admission(
        deidentifier=PatternDeIdentifier(clinical_words(load_red_flag_rules())),
        pseudonymizer=HmacPseudonymizer(settings.pseudonym_key.get_secret_value().encode()),
        language_identifier=ScriptLanguageIdentifier(),
        red_flags=load_red_flag_screen(),
        policy=POLICY,
        producer=service("admit"),
    )


def assessment(settings: Settings) -> Assessment:
    """Build assessment on the pinned version's bundle and server."""
    return _assessment(settings, settings.model_version)


def live_assessment(settings: Settings) -> LiveAssessment:
    """Build assessment by whichever version is live; the pinned one until the first promotion."""

    def load(version: str, digest: str | None) -> Assessment:
        folder = settings.model_repository / settings.model_name / version
        try:
            if digest is not None and content_sha256(folder) != digest:
                raise VersionUnusable("its files are not those that were released")
            return _assessment(settings, version)
        except (OSError, ValueError) as cause:
            raise VersionUnusable(type(cause).__name__) from cause

    shadow = Shadow(load, shadow_tally(settings))
    return LiveAssessment(model_log(settings).state, load, settings.model_version, shadow)


def shadow_tally(settings: BufferSettings) -> RedisShadowTally:
    """Build the count of what candidates answered."""
    return RedisShadowTally(settings.redis_url.get_secret_value())


def model_log(settings: BufferSettings) -> ModelLog:
    """Build the reader of what happened to the model's versions."""
    return ModelLog(librdkafka_config(settings), settings.model_name)


def _assessment(settings: Settings, version: str) -> Assessment:
    return Assessment(
        bundle=load_bundle(settings.model_repository / settings.model_name / version),
        model=TritonModel(
            settings.triton_address,
            name=settings.model_name,
            version=version,
            timeout_s=settings.request_timeout_s,
            tls=settings.triton_tls,
        ),
        policy=POLICY,
        limits=RequestLimits(
            request_windows=settings.request_windows,
            express_requests=settings.express_requests,
            standard_requests=settings.standard_requests,
        ),
    )


def ledger(settings: Settings) -> RememberingLedger:
    """Build the ledger of message ids."""
    return RememberingLedger(
        RedisLedger(settings.redis_url.get_secret_value(), retention_s=settings.ledger_retention_s)
    )


def admitted_messages(settings: BufferSettings) -> LaneIndex:
    """Build the store of admitted messages."""
    return LaneIndex(settings.redis_url.get_secret_value(), librdkafka_config(settings))


def feedback_buffer(settings: BufferSettings, token: str = "") -> RedisFeedbackBuffer:
    """Build the buffer of feedback; `token` is for who rebuilds it."""
    classes = training_classes(labels(settings))
    return RedisFeedbackBuffer(settings.redis_url.get_secret_value(), classes, token=token)


def labels(settings: BufferSettings) -> tuple[str, ...]:
    """Return the label set of the pinned version."""
    return load_labels(settings.model_dir)


def cipher(settings: Settings) -> FernetCipher:
    """Build the cipher of dead-letter payloads."""
    return FernetCipher(settings.payload_keys)


def service(name: str) -> Producer:
    """Say who writes an event."""
    return Producer(service=name, version=VERSION)
