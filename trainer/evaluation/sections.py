"""What every section of the report is: tables and plots, and how they were obtained."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure as Canvas

from trainer.metrics import Figure

__all__ = ["Cell", "Plot", "Section", "Table", "drawn", "left_out", "shown"]

Cell = str | int | float | Figure | None


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are as wide as `columns`. A `Figure` shows its interval; None shows nothing."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        """Raise ValueError for a row of another width."""
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"{self.title}: a row is not as wide as the header")

    def document(self) -> dict[str, Any]:
        """Return the table for JSON: a figure as value, low, high and n, with null where it is undefined."""
        return {
            "title": self.title,
            "columns": self.columns,
            "rows": [[_plain(cell) for cell in row] for row in self.rows],
        }


@dataclass(frozen=True, slots=True)
class Plot:
    """An SVG drawing, as a data address that HTML can embed."""

    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Section:
    """One question and its answer. `n` counts the rows that were judged; `seed` None: nothing is drawn at random."""

    key: str
    title: str
    method: str
    n: int
    seed: int | None
    interval: str
    tables: tuple[Table, ...]
    plots: tuple[Plot, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def document(self) -> dict[str, Any]:
        """Return the section for JSON, without the drawings."""
        return {
            "key": self.key,
            "title": self.title,
            "method": self.method,
            "n": self.n,
            "seed": self.seed,
            "interval": self.interval,
            "notes": self.notes,
            "tables": [table.document() for table in self.tables],
        }


def left_out(key: str, title: str, reason: str) -> Section:
    """Return a section that says why it has nothing to show."""
    return Section(
        key, title, method=f"Left out: {reason}.", n=0, seed=None, interval="none", tables=(), notes=()
    )


def shown(cell: Cell) -> str:
    """Return a cell as text."""
    match cell:
        case None:
            return ""
        case Figure():
            return "-" if math.isnan(cell.value) else str(cell)
        case float():
            return "-" if math.isnan(cell) else f"{cell:.3f}"
        case _:
            return str(cell)


def drawn(title: str, canvas: Canvas) -> Plot:
    """Render a matplotlib figure; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": title}):
        canvas.savefig(buffer, format="svg", metadata={"Date": None})
    return Plot(title, "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode())


def _plain(cell: Cell) -> Any:
    if isinstance(cell, Figure):
        values: Sequence[float] = (cell.value, cell.low, cell.high)
        low_to_high = [None if math.isnan(value) else value for value in values]
        return dict(zip(("value", "low", "high", "n"), [*low_to_high, cell.n], strict=True))
    return None if isinstance(cell, float) and math.isnan(cell) else cell
