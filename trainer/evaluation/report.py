"""Writes evaluation.json for programs, report.html for readers (one file, no network) and report.md for the card."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from trainer.evaluation.budget import Budget
from trainer.evaluation.sections import Section, Table, shown
from trainer.evaluation.version import JudgedVersion
from trainer.provenance import PURPOSE

__all__ = ["document", "write"]


def document(
    version: JudgedVersion, budget: Budget, warnings: Sequence[str], sections: Sequence[Section]
) -> dict[str, Any]:
    """Return everything but the drawings, as plain data."""
    return {
        "purpose": PURPOSE,
        "model": {"name": version.profile.name, "version": version.profile.version},
        "files_sha256": version.card.get("files_sha256", {}),
        "budget": {**asdict(budget), "words": budget.words},
        "warnings": list(warnings),
        "sections": [section.document() for section in sections],
    }


def write(
    out: Path, version: JudgedVersion, budget: Budget, warnings: Sequence[str], sections: Sequence[Section]
) -> None:
    """Write the three files into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    record = document(version, budget, warnings, sections)
    (out / "evaluation.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (out / "report.html").write_text(_html(record, sections), encoding="utf-8")
    (out / "report.md").write_text("\n".join(_markdown(record, sections)) + "\n", encoding="utf-8")


def _html(record: dict[str, Any], sections: Sequence[Section]) -> str:
    template = resources.files("trainer.evaluation").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(record=record, sections=sections, shown=shown)


def _markdown(record: dict[str, Any], sections: Sequence[Section]) -> Iterator[str]:
    model, words = record["model"], record["budget"]["words"]
    yield f"# Evaluation of {model['name']} {model['version']} ({record['budget']['name']})\n\n{PURPOSE}\n\n{words}\n"
    for warning in record["warnings"]:
        yield f"> {warning}\n"
    for section in sections:
        seed = "" if section.seed is None else f" Seed {section.seed}."
        yield f"## {section.title}\n\n{section.method} n = {section.n}.{seed} Intervals: {section.interval}\n"
        for table in section.tables:
            yield f"### {table.title}\n\n{_pipe_table(table)}\n"
        for note in section.notes:
            yield f"- {note}\n"


def _pipe_table(table: Table) -> str:
    lines = [table.columns, ("---",) * len(table.columns), *(tuple(map(shown, row)) for row in table.rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
