"""The stages of all apps, built from the adapters that `wiring` chose."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from streams.agents.admit import AdmitStage
from streams.agents.assess import AssessStage
from streams.agents.learn import LearnStage
from streams.dead_letters import DeadLetterDesk
from streams.engine import Output
from streams.express_notice import ExpressNotice
from streams.learning import Learning
from streams.live_assessment import LiveAssessment
from streams.ports import Priority
from streams.settings import Settings
from streams.wiring import (
    admission,
    admitted_messages,
    cipher,
    feedback_buffer,
    labels,
    ledger,
    live_assessment,
    now,
    service,
)

__all__ = ["AssessStages", "admit_stage", "assess_stages", "learn_stage"]

Send = Callable[[Sequence[Output]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class AssessStages:
    """One stage a lane, on one view of the model and one connection to Redis."""

    live: LiveAssessment
    express: AssessStage
    standard: AssessStage


def admit_stage(settings: Settings) -> AdmitStage:
    """Build the first stage."""
    return AdmitStage(admission(settings), _dead_letters(settings, "admit"), now)


def assess_stages(settings: Settings, send: Send) -> AssessStages:
    """Build the second stage for both lanes; `send` delivers notices outside of the batch path."""
    live = live_assessment(settings)
    seen = ledger(settings)
    notice = ExpressNotice(settings.express_notice_s, service("assess"), now, send)

    def stage(lane: Priority) -> AssessStage:
        return AssessStage(
            lane=lane,
            assessment=live,
            ledger=seen,
            dead_letters=_dead_letters(settings, "assess"),
            notice=notice if lane is Priority.EXPRESS else None,
            producer=service("assess"),
            clock=now,
            audit_share=settings.audit_share,
        )

    return AssessStages(live=live, express=stage(Priority.EXPRESS), standard=stage(Priority.STANDARD))


def learn_stage(settings: Settings) -> LearnStage:
    """Build the stage of the feedback path."""
    learning = Learning(admitted_messages(settings), feedback_buffer(settings), frozenset(labels(settings)))
    return LearnStage(learning, _dead_letters(settings, "learn"))


def _dead_letters(settings: Settings, name: str) -> DeadLetterDesk:
    return DeadLetterDesk(cipher(settings), service(name), now)
