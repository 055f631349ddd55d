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

__all__ = ["NoPlace", "document", "write", "write_into"]

_BEGIN, _END = "<!-- triage evaluate writes from here -->", "<!-- to here -->"


class NoPlace(ValueError):
    """The document has no marked place to write into."""


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


def write_into(
    path: Path, version: JudgedVersion, budget: Budget, warnings: Sequence[str], sections: Sequence[Section]
) -> None:
    """Replace what stands between the markers in a document by the report. Raises NoPlace."""
    before, begin, rest = path.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise NoPlace(f"{path}: no {_BEGIN} with a {_END} after it")
    report = "\n".join(_markdown(document(version, budget, warnings, sections), sections))
    # One level down: the document has a title of its own.
    demoted = "\n".join(f"#{line}" if line.startswith("#") else line for line in report.splitlines())
    path.write_text(f"{before}{begin}\n\n{demoted}\n\n{end}{after}", encoding="utf-8")


def _html(record: dict[str, Any], sections: Sequence[Section]) -> str:
    template = resources.files("trainer.evaluation").joinpath("report.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(record=record, sections=sections, shown=shown)


def _markdown(record: dict[str, Any], sections: Sequence[Section]) -> Iterator[str]:
    model, words = record["model"], record["budget"]["words"]
    yield f"# Evaluation of {model['name']} {model['version']} ({record['budget']['name']})\n\n{PURPOSE}\n\n{words}\n"
    for name, digest in record["files_sha256"].items():
        if name == "model.onnx":
            yield f"Judged: `{name}`, sha256 {digest[:16]}.\n"
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
