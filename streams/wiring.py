"""The one place that chooses and builds adapters."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from streams.adapters.cipher import FernetCipher
from streams.adapters.deidentify import PatternDeIdentifier
from streams.adapters.language import ScriptLanguageIdentifier
from streams.adapters.pseudonyms import HmacPseudonymizer
from streams.adapters.red_flag_rules import load_red_flag_screen

from schemas import Producer
from streams.adapters.model_bundle import load_bundle
from streams.adapters.redis_ledger import RedisLedger
from streams.adapters.triton import TritonModel
from streams.agents.admit import AdmitStage
from streams.agents.assess import AssessStage
from streams.assessment import Assessment, RequestLimits
from streams.dead_letters import DeadLetterDesk
from streams.domain.acuity import AcuityPolicy
from streams.domain.admission import Admission
from streams.engine import Output
from streams.express_notice import ExpressNotice
from streams.ports import Priority
from streams.settings import Settings
from streams.version import VERSION

__all__ = ["AssessStages", "admission", "admit_stage", "assess_stages", "assessment"]

Send = Callable[[Sequence[Output]], Awaitable[object]]
POLICY = AcuityPolicy()


@dataclass(frozen=True, slots=True)
class AssessStages:
    """One stage a lane, on one connection to the model server and one to Redis."""

    express: AssessStage
    standard: AssessStage


def now() -> datetime:
    """The wall clock of all events."""
    return datetime.now(UTC)


def admission(settings: Settings) -> Admission:
    """Build admission with its tools."""
    return Admission(
        deidentifier=PatternDeIdentifier(frozenset()),
        pseudonymizer=HmacPseudonymizer(settings.pseudonym_key.get_secret_value().encode()),
        language_identifier=ScriptLanguageIdentifier(),
        red_flags=load_red_flag_screen(),
        policy=POLICY,
        producer=_producer("admit"),
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


def admit_stage(settings: Settings) -> AdmitStage:
    """Build the first stage."""
    return AdmitStage(admission(settings), _dead_letters(settings, "admit"), now)


def assess_stages(settings: Settings, send: Send) -> AssessStages:
    """Build the second stage for both lanes; `send` delivers notices outside of the batch path."""
    shared = assessment(settings)
    ledger = RedisLedger(settings.redis_url.get_secret_value(), retention_s=settings.ledger_retention_s)
    notice = ExpressNotice(settings.express_notice_s, _producer("assess"), now, send)

    def stage(lane: Priority) -> AssessStage:
        return AssessStage(
            lane=lane,
            assessment=shared,
            ledger=ledger,
            dead_letters=_dead_letters(settings, "assess"),
            notice=notice if lane is Priority.EXPRESS else None,
            producer=_producer("assess"),
            clock=now,
            audit_share=settings.audit_share,
        )

    return AssessStages(express=stage(Priority.EXPRESS), standard=stage(Priority.STANDARD))


def _dead_letters(settings: Settings, service: str) -> DeadLetterDesk:
    cipher = FernetCipher([settings.payload_key.get_secret_value().encode()])
    return DeadLetterDesk(cipher, _producer(service), now)


def _producer(service: str) -> Producer:
    return Producer(service=service, version=VERSION)
