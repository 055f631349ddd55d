"""How much is asked: everything within an hour, or a few hundred rows within minutes."""

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Budget"]


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper limits. `rows_per_test_set` and `training_rows` (of the baselines) of None: all there are."""

    name: str
    rows_per_test_set: int | None
    training_rows: int | None


FULL = Budget(
    name="full",
    rows_per_test_set=None,
    training_rows=None,
)
QUICK = Budget(
    name="quick",
    rows_per_test_set=100,
    training_rows=1200,
)
