"""Measures the pattern de-identifier against a corpus with gold identifiers.

    python -m ops.bench.deid --data DIR

DIR holds presidio-research's synthetic data set (`synth_dataset_v2.json`). Recall counts a gold identifier as removed
where every character of it is covered, as touched where only a part is. Precision counts a redaction as right where
it overlaps any gold identifier. Does not cover: clinical text; the corpus is everyday text.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from streams.adapters.deidentify import PatternDeIdentifier
from streams.adapters.red_flag_rules import clinical_words, load_red_flag_rules

_FILE = "synth_dataset_v2.json"


def main(arguments: list[str] | None = None) -> int:
    """Print recall per gold kind and precision per kind of ours."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    folder: Path = parser.parse_args(arguments).data
    examples = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    for line in report(examples):
        sys.stdout.write(line + "\n")
    return 0


def report(examples: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Yield the lines of the report."""
    gold, removed, touched = Counter[str](), Counter[str](), Counter[str]()
    redacted, right = Counter[str](), Counter[str]()
    deidentifier = PatternDeIdentifier(clinical_words(load_red_flag_rules()))
    for example in examples:
        found = deidentifier.find(example["full_text"])
        covered = {position for identifier in found for position in range(identifier.start, identifier.end)}
        in_gold: set[int] = set()
        for span in example["spans"]:
            kind, positions = span["entity_type"], set(range(span["start_position"], span["end_position"]))
            in_gold |= positions
            gold[kind] += 1
            removed[kind] += positions <= covered
            touched[kind] += bool(positions & covered) and not positions <= covered
        for identifier in found:
            redacted[identifier.kind] += 1
            right[identifier.kind] += bool(in_gold & set(range(identifier.start, identifier.end)))
    yield f"{'gold kind':<20}{'count':>7}{'removed':>9}{'touched':>9}{'recall':>9}"
    for kind, count in gold.most_common():
        yield f"{kind:<20}{count:>7}{removed[kind]:>9}{touched[kind]:>9}{removed[kind] / count:>9.1%}"
    yield ""
    yield f"{'our kind':<20}{'count':>7}{'right':>9}{'precision':>18}"
    for kind, count in redacted.most_common():
        yield f"{kind:<20}{count:>7}{right[kind]:>9}{right[kind] / count:>18.1%}"


if __name__ == "__main__":
    raise SystemExit(main())
