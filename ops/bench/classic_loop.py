"""The loop that everyone writes first, as what compression is measured against.

Batches in the order they come, each text padded to the model's window, the float32 torch model, all cores. It answers
all that a served version answers.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from trainer.compress.subject import Subject
from trainer.data.rows import Row, stack_vitals
from trainer.served import Answers

__all__ = ["ClassicLoop"]

_BATCH = 16


@dataclass(slots=True)
class ClassicLoop:
    """One subject's model and its padding tokenizer."""

    subject: Subject
    tokenizer: Tokenizer

    @classmethod
    def of(cls, subject: Subject) -> "ClassicLoop":
        """Load the tokenizer; windows are the subject's."""
        tokenizer = Tokenizer.from_file(str(subject.folder.version_dir / "tokenizer.json"))
        tokenizer.enable_truncation(max_length=subject.config.max_length)
        tokenizer.enable_padding(length=subject.config.max_length)
        return cls(subject, tokenizer)

    @torch.no_grad()
    def ask(self, rows: Sequence[Row], *, batch: int = _BATCH) -> Answers:
        """Answer `rows` in their order."""
        parts = []
        for start in range(0, len(rows), batch):
            some = rows[start : start + batch]
            encodings = self.tokenizer.encode_batch([row.text for row in some])
            answer = self.subject.model(
                torch.tensor([encoding.ids for encoding in encodings]),
                torch.tensor([encoding.attention_mask for encoding in encodings]),
                torch.from_numpy(stack_vitals(some)),
            )
            parts.append((answer.diagnosis_logits, answer.urgency_logits, answer.embedding))
        diagnosis, urgency, embedding = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
        return Answers(diagnosis, urgency, embedding)

    def latencies_ms(self, rows: Sequence[Row]) -> list[float]:
        """How long each of `rows` takes by itself."""
        return [_timed_ms(self, row) for row in rows]


def _timed_ms(loop: ClassicLoop, row: Row) -> float:
    began = time.perf_counter()
    loop.ask([row], batch=1)
    return (time.perf_counter() - began) * 1e3
