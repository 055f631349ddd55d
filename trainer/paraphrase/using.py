"""What a run trains on in other words: read once, before anything is trained, so that a mistake costs seconds."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from trainer.data.rows import Row
from trainer.paraphrase.files import with_paraphrases
from trainer.runs import ParaphrasesUsed
from trainer.tuning.config import TrainConfig

__all__ = ["in_other_words"]


def in_other_words(rows: Sequence[Row], config: TrainConfig) -> tuple[list[Row], ParaphrasesUsed | None]:
    """Return the rows with their paraphrases, and what a record says of these. Raises BadData."""
    if (chosen := config.augmentation.paraphrases) is None:
        return list(rows), None
    path = Path(chosen.file)
    found = with_paraphrases(rows, path)
    used = sum(bool(row.paraphrases) for row in found)
    return found, ParaphrasesUsed(sha256=sha256(path.read_bytes()).hexdigest(), rows=used)
