"""The one place that chooses and builds adapters."""

from datetime import UTC, datetime

from schemas import Producer
from streams.adapters.cipher import FernetCipher
from streams.adapters.deidentify import PatternDeIdentifier
from streams.adapters.language import ScriptLanguageIdentifier
from streams.adapters.model_bundle import load_bundle
from streams.adapters.pseudonyms import HmacPseudonymizer
from streams.adapters.red_flag_rules import clinical_words, load_red_flag_rules, load_red_flag_screen
from streams.adapters.redis_ledger import RedisLedger
from streams.adapters.remembering_ledger import RememberingLedger
from streams.adapters.triton import TritonModel
from streams.assessment import Assessment, RequestLimits
from streams.domain.acuity import AcuityPolicy
from streams.domain.admission import Admission
from streams.settings import Settings
from streams.version import VERSION

__all__ = ["POLICY", "admission", "assessment", "cipher", "ledger", "now", "service"]

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
    return Assessment(
        bundle=load_bundle(settings.model_dir),
        model=TritonModel(
            settings.triton_address,
            name=settings.model_name,
            version=settings.model_version,
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


def cipher(settings: Settings) -> FernetCipher:
    """Build the cipher of dead-letter payloads."""
    return FernetCipher(settings.payload_keys)


def service(name: str) -> Producer:
    """Say who writes an event."""
    return Producer(service=name, version=VERSION)
