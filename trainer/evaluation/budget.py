"""How much is asked: an evaluation within ten minutes of one core (it took 5.5), or a quick look within two."""

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Budget"]


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper limits. `rows_per_test_set` and `training_rows` (of the rivals) of None: all there are.

    `foreign_texts`: of each foreign source. `varied_rows`: each of them is asked again in every variation.
    `shapley_orders`: orders in which words are put in, for one row. `attack_queries`: answers that an attack on one
    row may ask for.
    """

    name: str
    rows_per_test_set: int | None
    training_rows: int | None
    foreign_texts: int
    varied_rows: int
    explained_rows: int
    shapley_orders: int
    attacked_rows: int
    attack_queries: int

    @property
    def words(self) -> str:
        """What a reader must know of it."""
        look = "The whole evaluation" if self.name == "full" else "A QUICK LOOK, not an evaluation"
        of_all = "all rows" if self.rows_per_test_set is None else f"at most {self.rows_per_test_set} rows"
        learned = "all training rows" if self.training_rows is None else f"{self.training_rows} training rows"
        return (
            f"{look}: {of_all} of each test set, rivals from {learned}, {self.foreign_texts} texts of each foreign "
            f"source, {self.varied_rows} rows varied, {self.explained_rows} explained, {self.attacked_rows} attacked."
        )


FULL = Budget(
    name="full",
    rows_per_test_set=None,
    training_rows=4000,
    foreign_texts=100,
    varied_rows=200,
    explained_rows=30,
    shapley_orders=12,
    attacked_rows=60,
    attack_queries=120,
)
QUICK = Budget(
    name="quick",
    rows_per_test_set=100,
    training_rows=1200,
    foreign_texts=30,
    varied_rows=40,
    explained_rows=5,
    shapley_orders=5,
    attacked_rows=10,
    attack_queries=60,
)
