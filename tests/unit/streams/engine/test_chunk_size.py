"""The size of chunks follows the stage."""

import pytest

from streams.engine.chunk_size import ChunkSize

FAST_S, BETWEEN_S, SLOW_S = 0.001, 0.015, 0.03


def test_it_grows_to_its_largest_while_full_chunks_are_fast() -> None:
    size = ChunkSize(32, 100, target_s=0.02)
    seen = []
    for _ in range(4):
        seen.append(size.now)
        size.note(size.now, FAST_S)
    assert seen == [32, 64, 100, 100]


def test_it_shrinks_to_its_smallest_while_chunks_are_slow() -> None:
    size = ChunkSize(32, 256, target_s=0.02)
    for _ in range(3):
        size.note(size.now, FAST_S)
    seen = []
    for _ in range(4):
        seen.append(size.now)
        size.note(size.now, SLOW_S)
    assert seen == [256, 128, 64, 32]
    assert size.now == 32


def test_chunks_that_were_cut_before_it_shrank_do_not_shrink_it_again() -> None:
    size = ChunkSize(1, 256, target_s=0.02)
    for _ in range(8):
        size.note(size.now, FAST_S)
    for _ in range(3):
        size.note(256, SLOW_S)
    assert size.now == 128


@pytest.mark.parametrize(("records", "took_s"), [(32, BETWEEN_S), (31, FAST_S)])
def test_it_stays_where_the_time_is_right_or_the_chunk_says_little(records: int, took_s: float) -> None:
    size = ChunkSize(32, 256, target_s=0.02)
    size.note(records, took_s)
    assert size.now == 32


def test_without_a_largest_size_it_is_fixed() -> None:
    size = ChunkSize(32)
    size.note(32, FAST_S)
    assert size.now == 32


@pytest.mark.parametrize(("smallest", "largest"), [(0, None), (32, 31)])
def test_impossible_sizes_are_refused(smallest: int, largest: int | None) -> None:
    with pytest.raises(ValueError, match="chunk"):
        ChunkSize(smallest, largest)
