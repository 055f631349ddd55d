"""Express goes first; standard keeps a tenth."""

from streams.domain.lane_share import LaneShare
from streams.ports import Priority


def test_standard_work_yields_while_express_has_had_little() -> None:
    share = LaneShare()
    share.priority(Priority.EXPRESS, 8)
    assert share.priority(Priority.STANDARD, 8) is Priority.STANDARD


def test_every_tenth_window_goes_to_standard_work_under_an_express_flood() -> None:
    share = LaneShare()
    lifted = 0
    for _ in range(100):
        share.priority(Priority.EXPRESS, 9)
        lifted += share.priority(Priority.STANDARD, 1) is Priority.EXPRESS
    assert lifted == 100


def test_a_long_express_time_earns_standard_work_no_endless_burst() -> None:
    share = LaneShare()
    for _ in range(10_000):
        share.priority(Priority.EXPRESS, 8)
    lifted = [share.priority(Priority.STANDARD, 8) for _ in range(20)]
    assert lifted.count(Priority.EXPRESS) < 10
