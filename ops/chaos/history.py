"""The history of a run: what Kafka accepted and which fault was when, one line of JSON each."""

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Literal

__all__ = ["Accepted", "Fault", "History", "HistoryWriter", "Moment", "read_history"]

Moment = Literal["began", "ended"]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A raw record that Kafka acknowledged.

    `message_id` is null where the record cannot be read. Records with one `message_id` and one `content` are copies
    of each other; with another `content` the id was used twice.
    """

    number: int
    kind: str
    source: str
    message_id: str | None
    content: str
    is_poison: bool
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was injected. Times are milliseconds since the epoch, on the broker's machine.

    `ended_at_ms`: when it was taken back, or when a killed process had been killed; `ready_at_ms`: when every part
    of the stack was ready again. `recovers_from`: the moment from which recovery counts: a killed process is to be
    replaced at once, a stopped model server cannot be replaced before it goes on.
    """

    kind: str
    target: str
    began_at_ms: int
    ended_at_ms: int
    ready_at_ms: int
    recovers_from: Moment

    @property
    def counts_from_ms(self) -> int:
        return self.began_at_ms if self.recovers_from == "began" else self.ended_at_ms


@dataclass(frozen=True, slots=True)
class History:
    """All of a run."""

    accepted: tuple[Accepted, ...] = ()
    faults: tuple[Fault, ...] = ()


class HistoryWriter:
    """Appends lines; several threads may write."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, entry: Accepted | Fault) -> None:
        """Append one entry and hand it to the kernel: it outlives this process."""
        line = json.dumps({"entry": type(entry).__name__.lower(), **asdict(entry)})
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


def read_history(path: Path) -> History:
    """Read a history file. Raises ValueError where a line is not of this format."""
    with path.open(encoding="utf-8") as lines:
        return _collect(json.loads(line) for line in lines)


def _collect(entries: Iterable[dict[str, object]]) -> History:
    accepted, faults = [], []
    for fields in entries:
        kind = fields.pop("entry")
        if kind == "accepted":
            accepted.append(Accepted(**fields))  # type: ignore[arg-type]  # the writer's own fields
        elif kind == "fault":
            faults.append(Fault(**fields))  # type: ignore[arg-type]  # the same
        else:
            raise ValueError("an entry of the history is of no known kind")
    return History(tuple(accepted), tuple(faults))
