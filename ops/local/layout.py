"""Where the files of one stack lie under its data directory."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Layout"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of the stack whose data are in `data_dir`."""

    data_dir: Path

    @property
    def stack_id(self) -> str:
        """Short and stable name of this directory's stack; marks its processes and shared memory."""
        return hashlib.sha256(str(self.data_dir.resolve()).encode()).hexdigest()[:8]

    @property
    def lock(self) -> Path:
        return self.data_dir / "lock"

    @property
    def status(self) -> Path:
        return self.data_dir / "stack.json"

    @property
    def kafka(self) -> Path:
        return self.data_dir / "kafka"

    @property
    def redis(self) -> Path:
        return self.data_dir / "redis"

    @property
    def redis_password(self) -> Path:
        return self.redis / "password"

    @property
    def run(self) -> Path:
        """Files that mean something only while the stack runs."""
        return self.data_dir / "run"

    def log(self, part: str) -> Path:
        return self.data_dir / "logs" / f"{part}.log"

    def make(self) -> None:
        """Make the directories; only this user may read them, since topics hold patient messages."""
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for directory in (self.kafka, self.redis, self.run, self.log("any").parent):
            directory.mkdir(exist_ok=True, mode=0o700)

    def clear(self) -> None:
        """Delete the data that a stack keeps here, not its logs. The caller holds the lock."""
        for directory in (self.kafka, self.redis, self.run):
            if directory.exists():
                shutil.rmtree(directory)
        self.status.unlink(missing_ok=True)
