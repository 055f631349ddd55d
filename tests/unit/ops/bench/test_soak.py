"""What a soak reports of its samples."""

from ops.bench.soak import phases


def test_start_middle_and_end_are_medians_of_a_tenth_of_the_samples() -> None:
    samples = [{"assess": float(number)} for number in range(100)]
    assert phases(samples) == {"assess": {"start": 4.0, "middle": 49.0, "end": 94.0}}


def test_a_process_that_was_restarted_has_no_figure_for_the_time_it_was_away() -> None:
    samples = [{"triton": 1.0, "stub": 2.0}, {"triton": 1.0}, {"triton": 1.0, "stub": 4.0}]
    assert phases(samples)["stub"] == {"start": 2.0, "middle": None, "end": 4.0}
