"""All models at hand, by name: finished and running training runs, and the versions that Triton serves.

A version of `model_repo`, also a retired one, is known by its card, a run by its record; both become one `Entry`, so
that any two compare.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from trainer.runs import CodeVersion, Interval, NotARun, RunFolder, Score, find_runs

__all__ = ["Difference", "Entry", "NotRegistered", "compare", "entries", "find"]

SERVED_SYSTEM_MARK = "int8"
_VERSIONS = {"served": "*/*/model_card.json", "retired": ".retired/*/*/model_card.json"}
"""Where cards are, by what becomes of the version."""


class NotRegistered(LookupError):
    """No model has that name, or what is there cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model. `name`: a run's folder, or model/version. Figures are of the graph that is served.

    `details`: what the record or the card says of its making, as it stands there.
    """

    name: str
    kind: Literal["run", "version"]
    status: str
    method: str
    seed: int | None
    data_sha256: str | None
    code: str | None
    parameters: int
    minutes: float | None
    scores: tuple[Score, ...]
    folder: Path
    details: Mapping[str, Any]

    def score(self, test_set: str, task: str) -> Score | None:
        """Return the served graph's score on a test set and task."""
        return next((s for s in self.scores if (s.test_set, s.task) == (test_set, task)), None)


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two models on the same test set. `overlap`: their intervals do, so chance may explain the gap.

    Overlap is cautious: the two were judged on the same rows, and a paired test sees smaller gaps. None without
    intervals, or where the test sets have not the same number of rows and so are not the same.
    """

    test_set: str
    task: str
    figure: str
    first: Interval
    second: Interval
    same_rows: bool

    @property
    def gap(self) -> float:
        """Second minus first."""
        return self.second.value - self.first.value

    @property
    def overlap(self) -> bool | None:
        """See above."""
        ends = (self.first.low, self.first.high, self.second.low, self.second.high)
        if not self.same_rows or any(end is None for end in ends):
            return None
        low, high, other_low, other_high = (float(end) for end in ends if end is not None)
        return low <= other_high and other_low <= high


def entries(runs_dir: Path, model_repo: Path) -> list[Entry]:
    """Return the versions, then the runs from old to new. Raises NotRegistered for one that cannot be read."""
    found = list(_versions(model_repo))
    try:
        found += [_of_run(folder) for folder, _ in find_runs(runs_dir)]
    except NotARun as error:
        raise NotRegistered(str(error)) from None
    return found


def find(name: str, runs_dir: Path, model_repo: Path) -> Entry:
    """Return the model of that name; of a version the number will do. Raises NotRegistered."""
    known = {entry.name: entry for entry in entries(runs_dir, model_repo)}
    if name in known:
        return known[name]
    numbered = [e for e in known.values() if e.kind == "version" and e.name.endswith(f"/{name}")]
    if len(numbered) == 1:
        return numbered[0]
    raise NotRegistered(f"no model {name}; there are: {', '.join(known) or 'none'}")


def compare(first: Entry, second: Entry) -> list[Difference]:
    """Return the figures that both have, in the order of the first."""
    differences = []
    for score in first.scores:
        other = second.score(score.test_set, score.task)
        for figure, value in score.figures.items() if other is not None else ():
            if other is not None and figure in other.figures:
                differences.append(
                    Difference(
                        score.test_set, score.task, figure, value, other.figures[figure], score.n == other.n
                    )
                )
    return differences


class _CardResult(BaseModel):
    """What is read of a result on a model card; a card may say more."""

    model_config = ConfigDict(extra="ignore")

    test_set: str
    task: Literal["diagnosis", "urgency"]
    system: str
    n: int
    figures: dict[str, dict[str, float]]


class _Card(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str
    version: str
    parameters: int
    recipe: dict[str, Any]
    graph: str = SERVED_SYSTEM_MARK
    data_sha256: str | None = None
    code: CodeVersion | None = None
    results: list[_CardResult]


def _versions(model_repo: Path) -> Iterator[Entry]:
    for status, places in _VERSIONS.items():
        for path in sorted(model_repo.glob(places)):
            yield _of_card(path, status)


def _of_card(path: Path, status: str) -> Entry:
    try:
        card = _Card.model_validate_json(path.read_bytes())
    except ValidationError as error:
        fields = sorted({".".join(map(str, item["loc"])) or "(all)" for item in error.errors()})
        raise NotRegistered(f"{path}: not a model card ({', '.join(fields)})") from None
    seed = card.recipe.get("seed")
    return Entry(
        name=f"{card.name}/{card.version}",
        kind="version",
        status=status,
        method=_method(card.recipe),
        seed=seed if isinstance(seed, int) else None,
        data_sha256=card.data_sha256,
        code=None if card.code is None else card.code.commit or card.code.version,
        parameters=card.parameters,
        minutes=None,
        scores=tuple(_score(result) for result in card.results if result.system.endswith(card.graph)),
        folder=path.parent,
        details=card.model_dump(exclude={"results"}),
    )


def _method(recipe: Mapping[str, Any]) -> str:
    """What `triage train` was told, else that of the pipeline, which trains all layers."""
    method = recipe.get("method")
    return str(method["kind"]) if isinstance(method, dict) else "full"


def _is_served_graph(system: str) -> bool:
    return system.endswith(SERVED_SYSTEM_MARK)


def _score(result: _CardResult) -> Score:
    figures = {
        name: Interval(value=figure["value"], low=figure.get("low"), high=figure.get("high"))
        for name, figure in result.figures.items()
    }
    return Score(test_set=result.test_set, task=result.task, system="int8", n=result.n, figures=figures)


def _of_run(folder: RunFolder) -> Entry:
    record = folder.read()
    return Entry(
        name=record.name,
        kind="run",
        status=record.status,
        method=record.method,
        seed=record.seed,
        data_sha256=record.data.sha256,
        code=record.code.commit or record.code.version,
        parameters=record.parameters,
        minutes=record.minutes,
        scores=tuple(score for score in record.after if _is_served_graph(score.system)),
        folder=folder.path,
        details=record.model_dump(mode="json", exclude={"after"}),
    )
