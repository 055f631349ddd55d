"""What the gate found, for people (Markdown) and for programs (JSON)."""

import json
from collections.abc import Iterator
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from trainer.gate.limits import Limits
from trainer.provenance import PURPOSE

__all__ = ["Check", "EvidenceUsed", "GateReport", "LabellerFound", "Status", "VersionJudged"]


class Status(StrEnum):
    """`underpowered`: neither shown to be good enough nor to be worse, and the test could hardly have told."""

    PASSED = "passed"
    FAILED = "failed"
    UNDERPOWERED = "underpowered"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(_Part):
    """One question. Values are points of 1 unless `unit` says otherwise.

    `worse_by`: how much worse than live the candidate is, positive where it is worse; `bound`: the most that the data
    allow for at the test's level; `limit`: what `bound` must not exceed. `power`: the chance that this test passes a
    candidate that is exactly as good as live. `effective_n`: independent rows that the clustered ones are worth.
    """

    name: str
    evidence: str
    status: Status
    told: str
    unit: str = ""
    n: int = 0
    effective_n: int | None = None
    live: float | None = None
    candidate: float | None = None
    worse_by: float | None = None
    bound: float | None = None
    limit: float | None = None
    power: float | None = None
    cases: tuple[str, ...] = ()


class EvidenceUsed(_Part):
    """What was judged on: `sha256` of its rows, in order."""

    name: str
    rows: int
    urgent_rows: int
    sha256: str


class VersionJudged(_Part):
    """One version, with the digests of its files as they were judged."""

    name: str
    version: str
    files_sha256: dict[str, str]


class LabellerFound(_Part):
    """One labeller beside all others; by pseudonym.

    `suspect_share`: labels that confident learning doubts. `excess`: estimated share of wrong labels beyond that of the
    others. `p`: after correction for all comparisons. `named`: both convince.
    """

    labeller: str
    task: str
    labels: int
    suspect_share: float
    suspect_share_of_others: float
    shared: int
    disagreement: float | None
    disagreement_of_others: float | None
    excess: float
    p: float
    named: bool


class GateReport(_Part):
    """The judgement. A candidate may be shown to patients' clinicians only where `passed`."""

    purpose: str = PURPOSE
    candidate: VersionJudged
    live: VersionJudged
    limits: Limits
    evidence: tuple[EvidenceUsed, ...]
    checks: tuple[Check, ...]
    labellers: tuple[LabellerFound, ...] = ()
    notes: tuple[str, ...] = ()
    low_power_accepted: str | None = None

    @property
    def blocking(self) -> tuple[Check, ...]:
        """The checks for which it is refused."""
        accepted = {Status.PASSED} | ({Status.UNDERPOWERED} if self.low_power_accepted else set())
        return tuple(check for check in self.checks if check.status not in accepted)

    @property
    def passed(self) -> bool:
        """Nothing blocks."""
        return not self.blocking

    def json_text(self) -> str:
        """The report and its verdict, as JSON."""
        blocking = [f"{check.name} on {check.evidence}" for check in self.blocking]
        verdict = {"passed": self.passed, "blocking": blocking}
        return json.dumps(verdict | self.model_dump(mode="json"), indent=1)

    def markdown(self) -> str:
        """The report for readers."""
        return "\n".join(_lines(self)) + "\n"


def _lines(report: GateReport) -> Iterator[str]:
    names = [f"{version.name} {version.version}" for version in (report.candidate, report.live)]
    yield f"# {'Passed' if report.passed else 'Refused'}: {names[0]} against {names[1]}\n"
    yield f"{report.purpose}\n"
    for check in report.blocking:
        yield f"- **{check.name}** on {check.evidence}: {check.told}"
    if report.low_power_accepted:
        yield f"\nLow power was accepted: {report.low_power_accepted}"
    yield "\n## Checks\n"
    columns = (
        "check",
        "evidence",
        "n",
        "live",
        "candidate",
        "worse by",
        "at most",
        "limit",
        "power",
        "status",
    )
    yield _line(columns)
    yield _line(["---"] * len(columns))
    for check in report.checks:
        values = (check.live, check.candidate, check.worse_by, check.bound, check.limit, check.power)
        yield _line([check.name, check.evidence, str(check.n), *map(_number, values), check.status.value])
    yield '\n"At most" is the one-sided bound on how much worse the candidate is.\n'
    if report.labellers:
        yield "## Labellers\n"
        yield _line(
            (
                "labeller",
                "task",
                "labels",
                "suspect",
                "others'",
                "disagrees",
                "others'",
                "excess",
                "p",
                "named",
            )
        )
        yield _line(["---"] * 10)
        for found in report.labellers:
            shares = (
                found.suspect_share,
                found.suspect_share_of_others,
                found.disagreement,
                found.disagreement_of_others,
                found.excess,
            )
            cells = (found.labeller, found.task, str(found.labels), *map(_number, shares), f"{found.p:.2g}")
            yield _line((*cells, "**yes**" if found.named else ""))
        yield ""
    yield "## Judged on\n"
    for used in report.evidence:
        yield f"- {used.name}: {used.rows} rows, {used.urgent_rows} of levels 1-2, sha256 {used.sha256[:16]}"
    if report.notes:
        yield "\n## Notes\n"
    for note in report.notes:
        yield f"- {note}"


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
