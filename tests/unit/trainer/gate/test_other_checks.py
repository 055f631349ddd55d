import numpy as np

from tests.unit.trainer.tiny import row
from trainer.gate import Limits, Status
from trainer.gate.calibration import excess_error
from trainer.gate.decisions import Decided, admit
from trainer.gate.judging import Judged
from trainer.gate.subgroups import subgroup_checks


def decided(published: list[int]) -> Decided:
    """Levels as indices; nothing is said of the diagnosis."""
    level = np.array(published)
    size = len(level)
    return Decided(
        published=level,
        level=level,
        model_level=level,
        urgency=np.eye(5)[level],
        label=np.zeros(size, dtype=np.int64),
        diagnosis=np.ones((size, 1)),
        withheld=np.zeros(size, dtype=np.bool_),
        assessable=np.ones(size, dtype=np.bool_),
    )


def judged(lost_women: int, lost_men: int) -> Judged:
    rows = [
        row(f"{n}", diagnosis=None, urgency_level=2, sex_female=float(n % 2), age_years=40.0)
        for n in range(400)
    ]
    women, men = list(range(1, 400, 2)), list(range(0, 400, 2))
    candidate = [1] * 400
    for n in women[:lost_women] + men[:lost_men]:
        candidate[n] = 3
    return Judged("set", rows, decided([1] * 400), decided(candidate), ("normal",))


def test_a_group_that_falls_behind_all_others_is_named() -> None:
    (check,) = subgroup_checks(judged(lost_women=25, lost_men=2), Limits())
    assert (check.name, check.status, check.cases) == ("under-triage by sex", Status.FAILED, ("female",))
    assert "+11.5 points" in check.told


def test_all_losing_alike_is_no_gap() -> None:
    (check,) = subgroup_checks(judged(lost_women=20, lost_men=20), Limits())
    assert check.status is Status.PASSED
    assert "would be seen" in check.told


def test_calibration_error_by_chance_alone_is_taken_off() -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(5), size=200)
    honest = (rng.random((200, 1)) > p.cumsum(axis=1)).sum(axis=1)
    assert abs(excess_error(p, honest)[0]) < 0.04
    assert excess_error(np.eye(5)[rng.integers(5, size=200)] * 0.96 + 0.008, honest)[0] > 0.5


def test_rows_are_admitted_as_messages_are() -> None:
    (message,) = admit(
        [row("crushing chest pain going down my left arm", age_years=50, sex_female=1, temperature_c=39.1)]
    )
    assert min(flag.level_floor for flag in message.red_flags) <= 2
    assert message.vitals is not None
    assert (message.vitals.temperature_c, message.age_years, message.pregnant) == (39.1, 50.0, None)
    assert message.sex is not None
    assert message.sex.value == "female"
