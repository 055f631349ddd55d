"""Assessment asks the model in small requests and finds out who is at fault when it fails."""

from collections.abc import Sequence

import pytest

from streams.assessment import Assessment, RequestLimits
from streams.domain.acuity import AcuityPolicy
from streams.errors import ModelFault, ModelRefused, Rejected, Unavailable
from streams.ports import ModelAnswer, Priority
from streams.text import EncodedWindow
from tests.unit.streams.factories import admitted, answer, bundle

POISON_TOKENS = 7


class FakeModel:
    """Answers every window the same; fails on windows of POISON_TOKENS tokens, or on all while `broken`."""

    def __init__(
        self,
        *,
        broken: bool = False,
        passing_faults: int = 0,
        error: type[ModelFault] | type[Unavailable] = ModelFault,
    ) -> None:
        self.broken = broken
        self.error = error
        self.passing_faults = passing_faults
        self.request_sizes: list[int] = []
        self.reloads = 0

    async def infer(self, windows: Sequence[EncodedWindow], priority: Priority) -> list[ModelAnswer]:
        self.request_sizes.append(len(windows))
        if self.passing_faults:
            self.passing_faults -= 1
            raise ModelFault("fake")
        if self.broken or any(len(window.input_ids) == POISON_TOKENS for window in windows):
            raise self.error("fake")
        share = (0.9, 0.025, 0.025, 0.025, 0.025)
        return [answer(len(window.input_ids), diagnosis=share, urgency=share) for window in windows]

    async def ready(self) -> bool:
        return not self.broken

    async def reload(self) -> None:
        self.reloads += 1


def make_assessment(model: FakeModel) -> Assessment:
    """Return an assessment that sends requests of at most four windows."""
    limits = RequestLimits(request_windows=4, express_requests=2, standard_requests=2)
    return Assessment(bundle(), model, AcuityPolicy(), limits)


async def test_requests_are_cut_to_the_limit() -> None:
    model = FakeModel()
    decisions = await make_assessment(model).decide([admitted(str(i)) for i in range(10)], Priority.STANDARD)
    assert len(decisions) == 10
    assert model.request_sizes == [4, 4, 2]


async def test_a_long_text_is_asked_in_windows_and_decided_once() -> None:
    model = FakeModel()
    (decision,) = await make_assessment(model).decide([admitted(text="pain " * 60)], Priority.STANDARD)
    assert sum(model.request_sizes) > 1
    assert decision.urgency.level == 1


async def test_a_message_the_model_fails_on_is_rejected_while_the_model_is_well() -> None:
    model = FakeModel()
    with pytest.raises(Rejected, match="model_rejected"):
        await make_assessment(model).decide([admitted(text="pain " * POISON_TOKENS)], Priority.STANDARD)
    assert model.reloads == 0


async def test_a_passing_fault_of_the_model_costs_no_message() -> None:
    model = FakeModel(passing_faults=1)
    assert len(await make_assessment(model).decide([admitted()], Priority.STANDARD)) == 1
    assert model.reloads == 0


async def test_a_broken_model_is_reloaded_and_no_message_is_blamed() -> None:
    model = FakeModel(broken=True)
    with pytest.raises(Unavailable):
        await make_assessment(model).decide([admitted()], Priority.STANDARD)
    assert model.reloads == 1


async def test_a_model_that_stays_broken_is_not_reloaded_again_at_once() -> None:
    model = FakeModel(broken=True)
    assessment = make_assessment(model)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await assessment.decide([admitted()], Priority.STANDARD)
    assert model.reloads == 1


async def test_a_server_with_another_model_is_not_reloaded_and_no_message_is_blamed() -> None:
    model = FakeModel(broken=True, error=ModelRefused)
    with pytest.raises(Unavailable):
        await make_assessment(model).decide([admitted()], Priority.STANDARD)
    assert model.reloads == 0


async def test_a_text_in_another_language_is_not_sent_to_the_model() -> None:
    model = FakeModel()
    (decision,) = await make_assessment(model).decide([admitted(language="zh")], Priority.STANDARD)
    assert model.request_sizes == []
    assert decision.diagnosis.label is None
