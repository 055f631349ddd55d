"""A version's folder, asked and interpreted as in service: its own tokenizer, windows, calibration, thresholds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from streams.adapters.model_bundle import ModelBundle, load_bundle
from streams.domain.profile import ModelProfile
from streams.domain.reading import read_windows
from streams.ports import ModelAnswer
from streams.text import EncodedWindow
from trainer.data.rows import Row
from trainer.served import ServedGraph
from trainer.server_code import ServerCodeUnknown

__all__ = ["JudgedVersion", "NotAVersion", "Readings"]


_REMEMBERED_ANSWERS = 20_000
"""The first ones, test and calibration rows among them: each part of an evaluation asks for these again. 60 MB."""


class NotAVersion(ValueError):
    """The folder is not a complete version of a model; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What service would read in k rows; levels and labels as indices from 0.

    `diagnosis` [k, d] and `urgency` [k, 5]: calibrated probabilities; `level` the most probable level, `published`
    the most urgent plausible one, which is what goes out; `distance` of the embedding to the training data; `energy`
    of the diagnosis logits, higher where they are small (Liu et al., NeurIPS 2020), of the strangest window; all [k].
    """

    diagnosis: NDArray[np.float64]
    urgency: NDArray[np.float64]
    level: NDArray[np.int64]
    published: NDArray[np.int64]
    distance: NDArray[np.float64]
    energy: NDArray[np.float64]

    @property
    def label(self) -> NDArray[np.int64]:
        """The most probable label [k], whether or not it would be withheld."""
        return np.asarray(self.diagnosis.argmax(axis=1), dtype=np.int64)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """The probability of that label [k]."""
        return np.asarray(self.diagnosis.max(axis=1))


class JudgedVersion:
    """One version's folder. `served_by`: another version's folder, whose `model.py` it is or will be served by."""

    def __init__(self, folder: Path, *, workers: int, served_by: Path | None = None) -> None:
        """Load it. Raises NotAVersion."""
        try:
            self.bundle: ModelBundle = load_bundle(folder.absolute())
        except (FileNotFoundError, ValueError) as error:
            name = Path(error.filename).name if isinstance(error, FileNotFoundError) else ""
            reason = f"no {name}" if name else "its files don't fit together"
            raise NotAVersion(f"{folder}: {reason}") from error
        if not (folder / "model.onnx").exists():
            raise NotAVersion(f"{folder}: no model.onnx")
        self.folder = folder
        self.workers = workers
        self.profile = self.bundle.profile
        self.server_code = (served_by or folder) / "model.py"
        try:
            self.graph = ServedGraph(
                folder / "model.onnx", self.bundle.windower, workers=workers, served_by=self.server_code
            )
        except ServerCodeUnknown as error:
            raise NotAVersion(str(error)) from None
        self._answered: dict[tuple[bytes, bytes], ModelAnswer] = {}

    @property
    def card(self) -> dict[str, Any]:
        """What `model_card.json` says; empty where there is none."""
        path = self.folder / "model_card.json"
        card: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
        return card

    def windows(self, rows: Sequence[Row]) -> list[tuple[EncodedWindow, ...]]:
        """Return the windows of each row."""
        return self.bundle.windower.encode([row.text for row in rows], [row.vitals for row in rows])

    def read(self, rows: Sequence[Row], *, title: str | None = None) -> Readings:
        """Ask for every window of `rows` (at least one row), and combine them as service does."""
        windows = self.windows(rows)
        answers = self.ask([window for parts in windows for window in parts], title=title)
        return self.interpret(windows, answers)

    def ask(self, windows: Sequence[EncodedWindow], *, title: str | None = None) -> list[ModelAnswer]:
        """Return the answer to each window; one that was asked for before is not computed again.

        An answer depends on nothing but its window, as one sequence runs at a time.
        """
        keys = [(window.input_ids.tobytes(), window.vitals.tobytes()) for window in windows]
        new = {key: window for key, window in zip(keys, windows, strict=True) if key not in self._answered}
        found = dict(zip(new, self.graph.ask_windows(list(new.values()), title=title), strict=True))
        answers = [found[key] if key in found else self._answered[key] for key in keys]
        room = _REMEMBERED_ANSWERS - len(self._answered)
        self._answered |= dict(list(found.items())[: max(0, room)])
        return answers

    def interpret(
        self,
        windows: Sequence[tuple[EncodedWindow, ...]],
        answers: Sequence[ModelAnswer],
        profile: ModelProfile | None = None,
    ) -> Readings:
        """Combine the answers to `windows`, which lie in one line, into one reading per row.

        `profile`: another one than the version's own, to see what its settings do.
        """
        readings, energy, start = [], [], 0
        for parts in windows:
            own = answers[start : start + len(parts)]
            start += len(parts)
            readings.append(read_windows(profile or self.profile, self.bundle.domain, parts, own))
            energy.append(max(-float(logsumexp(answer.diagnosis_logits)) for answer in own))
        return Readings(
            diagnosis=np.array([list(reading.diagnosis_probabilities.values()) for reading in readings]),
            urgency=np.array([reading.urgency_probabilities for reading in readings]),
            level=np.array([reading.urgency_level for reading in readings], dtype=np.int64) - 1,
            published=np.array([reading.plausible_level for reading in readings], dtype=np.int64) - 1,
            distance=np.array([reading.domain_distance for reading in readings]),
            energy=np.array(energy),
        )
