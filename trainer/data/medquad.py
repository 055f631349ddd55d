"""MedQuAD: encyclopaedic answers about one disease each; a diagnosis test from a source that never trains.

Only answers about symptoms are taken, labelled by the topic ("focus") of their article. It is written by institutes
about diseases, not by patients about themselves, and the topic's name is part of most answers: the patterns below, put
to the texts, miss fewer of the sick than the model does (`trainer/evaluation/label_words.py`). Cut to the first
sentences, as a message would be. The collection on rare genetic diseases is left out: its answers are machine-made
lists of phenotype terms.
"""

import re
import tarfile
from collections.abc import Collection
from pathlib import Path
from xml.etree import ElementTree

from trainer.data.rows import NO_VITALS, Row

__all__ = ["FILE", "SOURCE", "labels_named", "load", "load_by_institute", "topic_label"]

SOURCE = "medquad"
FILE = "medquad/medquad-sets-1-9.tar.gz"
_LEFT_OUT = "2_GARD_QA/"
_CHARACTERS = 400
_LONGEST_FOCUS_CHARACTERS = 120
# In this order: a topic belongs to the first that it names.
_TOPICS = (
    ("cancer", r"cancer|lymphoma|leukemia|carcinoma|sarcoma|melanoma|myeloma|blastoma|glioma|tumou?r"),
    ("hypertension", r"high blood pressure|(?<!pulmonary )(?<!intracranial )(?<!portal )hypertension"),
    ("diabetes", r"diabetes(?! insipidus)|diabetic|hypoglycemi"),
    (
        "heart_disease",
        r"heart|cardi|angina|atrial fib|arrhythmia|coronary|long qt|brugada|aortic stenosis|mitral|ventric\w+ tachy",
    ),
)


def load(data_dir: Path) -> list[Row]:
    """Read the answers on symptoms from the archive under `data_dir`."""
    institutes = load_by_institute(data_dir, ("symptoms",), left_out=_LEFT_OUT)
    return [row for rows in institutes.values() for row in rows]


def load_by_institute(
    data_dir: Path, about: Collection[str], *, left_out: str | None = None
) -> dict[str, list[Row]]:
    """Read the answers to questions of the types `about`, by the collection (an institute's) that they are from."""
    rows: dict[str, list[Row]] = {}
    with tarfile.open(data_dir / FILE) as archive:
        for member in archive:
            is_read = member.name.endswith(".xml") and (left_out is None or left_out not in member.name)
            stream = archive.extractfile(member) if is_read else None
            if stream is not None:
                rows.setdefault(Path(member.name).parent.name, []).extend(_rows(stream.read(), about))
    return rows


def topic_label(focus: str) -> str:
    """Return the label of an article's topic; `normal` where it is none of the four."""
    return next(iter(labels_named(focus)), "normal")


def labels_named(text: str) -> tuple[str, ...]:
    """Return each of the four labels whose pattern finds something; of a topic the first counts."""
    return tuple(label for label, pattern in _TOPICS if re.search(pattern, text.lower()))


def _rows(document: bytes, about: Collection[str]) -> list[Row]:
    root = ElementTree.fromstring(document)  # noqa: S314 (a fixed, local, checked copy)
    focus = (root.findtext("Focus") or "").strip()
    if not focus or len(focus) > _LONGEST_FOCUS_CHARACTERS:
        return []
    texts = [
        " ".join((pair.findtext("Answer") or "").split())[:_CHARACTERS]
        for pair in root.iter("QAPair")
        if (question := pair.find("Question")) is not None and question.get("qtype") in about
    ]
    label = topic_label(focus)
    return [
        Row(SOURCE, text, f"{SOURCE}/{focus}", NO_VITALS, diagnosis=label, language="en")
        for text in texts
        if text
    ]
