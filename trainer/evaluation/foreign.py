"""Real text that the model was not made for: questions, conversations, another language, another format."""

import csv
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from xml.etree import ElementTree

__all__ = ["foreign_texts"]

_CHARACTERS = 1000


def foreign_texts(data: Path, count: int, seed: int) -> dict[str, tuple[str, ...]]:
    """Return up to `count` texts of each source that lies under `data`."""
    found = {}
    for name, read in _READERS.items():
        if (data / name.split(",")[0]).is_dir():
            texts = sorted({text[:_CHARACTERS] for text in read(data) if text.strip()})
            found[name] = tuple(Random(seed).sample(texts, min(count, len(texts))))
    return found


def _medquad_questions(data: Path) -> Iterator[str]:
    with tarfile.open(data / "medquad" / "medquad-sets-1-9.tar.gz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.name.endswith(".xml") else None
            if stream is None or "2_GARD" in member.name:
                continue
            root = ElementTree.fromstring(stream.read())  # noqa: S314 (a fixed, local, checked copy)
            yield from (question.text or "" for question in root.iter("Question"))


def _meqsum(data: Path) -> Iterator[str]:
    with (data / "meqsum" / "meqsum.jsonl").open(encoding="utf-8") as stream:
        yield from (json.loads(line)["message"] for line in stream)


def _toyhom(data: Path) -> Iterator[str]:
    for path in (data / "toyhom_zh").glob("*.csv"):
        with path.open(encoding="gb18030", newline="", errors="replace") as stream:
            yield from (record["ask"] or "" for record in csv.DictReader(stream))


def _conversations(data: Path) -> Iterator[str]:
    for path in sorted((data / "mts_dialog").glob("*Set.csv")):
        with path.open(encoding="utf-8", newline="", errors="replace") as stream:
            yield from (record.get("dialogue") or "" for record in csv.DictReader(stream))


def _hl7(data: Path) -> Iterator[str]:
    for path in sorted((data / "hl7v2_samples").glob("*.hl7")):
        yield path.read_text(encoding="utf-8", errors="replace")


_READERS: Mapping[str, Callable[[Path], Iterator[str]]] = {
    "medquad, questions": _medquad_questions,
    "meqsum, consumer questions": _meqsum,
    "mts_dialog, conversations": _conversations,
    "toyhom_zh, Chinese questions": _toyhom,
    "hl7v2_samples, raw HL7": _hl7,
}
