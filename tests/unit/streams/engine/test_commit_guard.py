"""The commit point never passes a message still in process."""

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.commit_guard import CommitGuard, TrackedMessages

PARTITION = TP("lane", 0)


class FakeMessage:
    def __init__(self, offset: int) -> None:
        self.tp = PARTITION
        self.offset = offset
        self.acked = False


def tracked(guard: CommitGuard, *offsets: int) -> list[FakeMessage]:
    messages = [FakeMessage(offset) for offset in offsets]
    in_process = TrackedMessages(guard)
    for message in messages:
        in_process.add(message)
    return messages


def test_nothing_is_committable_before_the_first_message_is_done() -> None:
    guard = CommitGuard()
    first, second = tracked(guard, 0, 1)
    second.acked = True
    assert guard.committable_offset(PARTITION) is None
    first.acked = True
    assert guard.committable_offset(PARTITION) == 2


def test_offsets_that_were_never_delivered_hold_nothing_up() -> None:
    guard = CommitGuard()
    for message in tracked(guard, 3, 900):
        message.acked = True
    assert guard.committable_offset(PARTITION) == 901


def test_messages_of_an_earlier_assignment_neither_hold_nor_move_the_commit_point() -> None:
    guard = CommitGuard()
    (abandoned,) = tracked(guard, 7)
    guard.forget()
    abandoned.acked = True
    assert guard.committable_offset(PARTITION) is None
    (current,) = tracked(guard, 5)
    current.acked = True
    assert guard.committable_offset(PARTITION) == 6


@given(order=st.permutations(range(12)), commit_every=st.integers(1, 5))
def test_whatever_the_order_of_acks_all_below_the_commit_point_are_done(
    order: list[int], commit_every: int
) -> None:
    guard = CommitGuard()
    messages = tracked(guard, *range(12))
    for count, index in enumerate(order):
        messages[index].acked = True
        if count % commit_every == 0:
            committable = guard.committable_offset(PARTITION) or 0
            assert all(message.acked for message in messages[:committable])
            assert committable == 12 or not messages[committable].acked
    assert guard.committable_offset(PARTITION) == 12
