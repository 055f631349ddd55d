"""A candidate in the shadow is compared and touches nothing that is live."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from streams.assessment import Assessment
from streams.domain.live_model import Candidate
from streams.domain.shadow import is_sampled
from streams.errors import Unavailable, VersionUnusable
from streams.ports import Priority
from streams.shadow import Shadow
from tests.unit.streams.factories import admitted
from tests.unit.streams.test_assessment import FakeModel, make_assessment

CANDIDATE = Candidate("2", "a" * 64, share=1.0, since="s-1")


class Tally:
    """`loses_replies`: it adds, and then its answer does not come."""

    def __init__(self) -> None:
        self.away = self.loses_replies = False
        self.added: dict[tuple[str, str], Sequence[str]] = {}

    async def add(self, shadowing: str, outcomes: Mapping[str, Sequence[str]]) -> None:
        if self.away:
            raise Unavailable("redis")
        for event_id, names in outcomes.items():
            self.added.setdefault((shadowing, event_id), names)
        if self.loses_replies:
            raise Unavailable("redis")

    @property
    def counts(self) -> Counter[str]:
        return Counter(f"{begun}:{name}" for (begun, _), names in self.added.items() for name in names)


def _shadow(model: FakeModel, tally: Tally) -> Shadow:
    def load(version: str, digest: str | None) -> Assessment:
        if version != "2":
            raise VersionUnusable("FileNotFoundError")
        return make_assessment(model)

    return Shadow(load, tally)


async def _offer(shadow: Shadow, count: int = 4, candidate: Candidate = CANDIDATE, first: int = 0) -> None:
    messages = [admitted(str(first + i)) for i in range(count)]
    decisions = await make_assessment(FakeModel()).decide(messages, Priority.STANDARD)
    shadow.offer(candidate, messages, decisions)
    await shadow.settle()


async def _after_an_outage(tally: Tally) -> Shadow:
    """A shadow whose first four messages could not be saved."""
    shadow = _shadow(FakeModel(), tally)
    tally.away = True
    await _offer(shadow)
    tally.away = False
    return shadow


async def test_agreement_is_counted_for_the_step_that_began_it() -> None:
    tally = Tally()
    await _offer(_shadow(FakeModel(), tally))
    assert (
        tally.counts["s-1:messages"] == tally.counts["s-1:same_level"] == tally.counts["s-1:same_label"] == 4
    )


async def test_a_broken_candidate_is_counted_and_never_reloads_the_server() -> None:
    tally, model = Tally(), FakeModel(broken=True)
    await _offer(_shadow(model, tally))
    assert (tally.counts["s-1:messages"], tally.counts["s-1:unanswered"]) == (4, 4)
    assert model.reloads == 0


async def test_a_candidate_without_files_answers_nothing() -> None:
    tally = Tally()
    await _offer(_shadow(FakeModel(), tally), candidate=replace(CANDIDATE, version="9"))
    assert tally.counts["s-1:unanswered"] == 4


async def test_what_could_not_be_saved_is_saved_the_next_time() -> None:
    tally = Tally()
    shadow = await _after_an_outage(tally)
    await _offer(shadow, first=10)
    assert tally.counts["s-1:messages"] == 8


async def test_a_message_counts_once_whatever_is_delivered_or_saved_again() -> None:
    tally = Tally()
    shadow = _shadow(FakeModel(), tally)
    tally.loses_replies = True
    await _offer(shadow)
    tally.loses_replies = False
    await _offer(shadow)
    await _offer(_shadow(FakeModel(), tally))
    assert tally.counts["s-1:messages"] == 4


async def test_what_was_not_saved_of_one_candidate_never_counts_for_the_next() -> None:
    tally = Tally()
    shadow = await _after_an_outage(tally)
    await _offer(shadow, candidate=replace(CANDIDATE, version="9", since="s-2"), first=10)
    assert tally.counts == {"s-2:messages": 4, "s-2:unanswered": 4}


async def test_what_waits_to_be_saved_is_bounded() -> None:
    tally = Tally()
    shadow = _shadow(FakeModel(), tally)
    tally.away = True
    for i in range(130):
        await _offer(shadow, count=8, first=10 * i)
    tally.away = False
    await _offer(shadow)
    assert tally.counts["s-1:messages"] == 1_000


async def test_while_it_is_busy_nothing_waits_for_it() -> None:
    tally = Tally()
    shadow = _shadow(FakeModel(), tally)
    messages = [admitted(str(i)) for i in range(20)]
    decisions = await make_assessment(FakeModel()).decide(messages, Priority.STANDARD)
    shadow.offer(CANDIDATE, messages, decisions)
    shadow.offer(CANDIDATE, messages, decisions)
    await shadow.settle()
    await asyncio.sleep(0)
    assert tally.counts["s-1:messages"] == 8, "one sample, and not of the whole chunk"


def test_the_sample_has_its_share_and_is_the_same_for_a_copy() -> None:
    ids = [admitted(str(i)).event_id for i in range(2000)]
    assert 0.2 < sum(is_sampled(one, 0.25) for one in ids) / len(ids) < 0.3
    assert not any(is_sampled(one, 0.0) for one in ids)
    assert all(is_sampled(one, 1.0) for one in ids)
