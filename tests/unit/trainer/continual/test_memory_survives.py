"""A process that dies at any step of erasing or writing a memory leaves one memory, and nobody erased in it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.trainer.continual.test_erasure import ORIGINS, row, texts
from trainer.continual.erasure import ERASED, erase_from_memories
from trainer.continual.memory import Memory
from trainer.continual.start import _memory, write_state
from trainer.data.rows import Row
from trainer.runs import RunFolder

HERS, HIS = row("p-1", "my chest hurts"), row("p-2", "a cough")
_CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "open")


class Died(BaseException):
    """Where the process ended; no handler of errors has a say."""


class Death:
    """Comes before the nth change of a file while it waits for one."""

    changes_left: int | None = None

    def before(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.changes_left is None or event not in _CHANGES:
            return
        if event == "open" and not (isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")):
            return
        self.changes_left -= 1
        if self.changes_left == 0:
            self.changes_left = None
            raise Died


DEATH = Death()
sys.addaudithook(DEATH.before)


@contextmanager
def dying_at(step: int) -> Iterator[None]:
    """Raises Died within, where there are so many steps."""
    DEATH.changes_left = step
    try:
        yield
    finally:
        DEATH.changes_left = None


@pytest.fixture(autouse=True)
def rows_are_written_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyarrow opens its file unheard: half a file first."""
    write = pq.write_table

    def written(table: object, path: Path, **options: object) -> None:
        path.write_bytes(b"PAR1 half a file")
        with path.open("ab"):
            write(table, path, **options)

    monkeypatch.setattr(pq, "write_table", written)


def started(run: RunFolder) -> list[str]:
    """What the next round would replay."""
    return [one.text for one in _memory(run).rows]


def kept_by(runs: Path, *rows: Row) -> RunFolder:
    shutil.rmtree(runs, ignore_errors=True)
    run = RunFolder(runs / "run")
    run.path.mkdir(parents=True)
    write_state(run, None, None, Memory(rows, seen=500), ORIGINS)
    return run


def deaths(act: Callable[[], object], prepare: Callable[[], RunFolder]) -> Iterator[tuple[int, RunFolder]]:
    """Yield the run after `act` died at its first, second, ... step; ends with the step that there isn't."""
    for step in count(1):
        run = prepare()
        try:
            with dying_at(step):
                act()
        except Died:
            yield step, run
        else:
            return


def is_tidy(run: RunFolder) -> bool:
    return {path.name for path in run.continual.glob(".*")} <= {".memory.lock"}


@pytest.mark.parametrize(("rows", "kept"), [((HERS, HIS), ["a cough"]), ((HERS,), [])], ids=["some", "all"])
def test_after_a_death_the_next_round_finds_the_memory_before_or_after_and_the_next_erasure_ends_it(
    rows: tuple[Row, ...], kept: list[str], tmp_path: Path
) -> None:
    def erase() -> int:
        return erase_from_memories(tmp_path, {"p-1"})

    seen = []
    for _, run in deaths(erase, lambda: kept_by(tmp_path, *rows)):
        seen.append(found := started(run))
        assert found in ([one.text for one in rows], kept)
        assert is_tidy(run)
        erase()
        assert (started(run), is_tidy(run)) == (kept, True)
        assert (run.continual / ERASED).read_text().count("sha256_before") in (1, 2)
    assert seen == sorted(seen, key=lambda found: found == kept), "nobody goes back"
    assert seen[-1] == kept
    assert len(seen) >= (8 if kept else 5)


def test_who_ends_an_erasure_that_died_may_die_as_well(tmp_path: Path) -> None:
    def begun() -> RunFolder:
        run = kept_by(tmp_path, HERS, HIS)
        with pytest.raises(Died), dying_at(taken):
            erase_from_memories(tmp_path, {"p-1"})
        assert not run.memory.exists()
        return run

    steps = [
        (s, run.memory.exists())
        for s, run in deaths(
            lambda: erase_from_memories(tmp_path, {"p-1"}), lambda: kept_by(tmp_path, HERS, HIS)
        )
    ]
    taken = next(step for step, is_there in steps if not is_there)
    ends = 0
    for _, run in deaths(lambda: started(RunFolder(tmp_path / "run")), begun):
        ends += 1
        assert (started(run), is_tidy(run)) == (["a cough"], True)
    assert ends >= 4


def test_a_memory_whose_writing_died_is_written_anew_or_erased(tmp_path: Path) -> None:
    def write() -> None:
        write_state(RunFolder(tmp_path / "run"), None, None, Memory((HERS, HIS), seen=500), ORIGINS)

    def nothing() -> RunFolder:
        run = kept_by(tmp_path)
        shutil.rmtree(run.continual)
        return run

    for resumed in (write, lambda: None):
        for _, run in deaths(write, nothing):
            resumed()
            erase_from_memories(tmp_path, {"p-1"})
            assert not any(b"p-1" in path.read_bytes() for path in run.path.rglob("*") if path.is_file())
            assert not run.memory.exists() or texts(run) == ["a cough"]
            assert run.memory.exists() or resumed is not write
