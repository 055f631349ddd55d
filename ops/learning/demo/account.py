"""What the demo says: each step, what it had to show, the figure that was seen, ok or FAILED."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from rich.console import Console
from rich.markup import escape

__all__ = ["Account", "Finding", "StepDone", "StepFailed"]


class StepFailed(Exception):
    """A step did not come out as it says; what rests on it is not tried."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that had to show. `figure`: what was seen."""

    says: str
    figure: str
    ok: bool


@dataclass(slots=True)
class StepDone:
    """`facts`: what else is worth keeping, for programs."""

    title: str
    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    took_s: float = 0.0

    @property
    def ok(self) -> bool:
        """It showed something, and all of it came out."""
        return bool(self.findings) and all(finding.ok for finding in self.findings)


class Account:
    """The steps so far. It prints as it goes; `wanted`: how many steps a whole run has."""

    def __init__(self, console: Console, *, wanted: int) -> None:
        self.steps: list[StepDone] = []
        self._console = console
        self._wanted = wanted

    @property
    def ok(self) -> bool:
        """Every step was taken, and came out."""
        return len(self.steps) == self._wanted and all(step.ok for step in self.steps)

    @contextmanager
    def step(self, title: str) -> Iterator[StepDone]:
        """Take one step. Raises StepFailed at its end where a finding is not ok, or nothing was found."""
        done = StepDone(title)
        self.steps.append(done)
        self._console.print(f"\n[bold]{len(self.steps)}. {escape(title)}[/bold]")
        began_s = time.monotonic()
        try:
            yield done
        finally:
            done.took_s = round(time.monotonic() - began_s, 1)
        if not done.ok:
            raise StepFailed(title)

    def say(self, text: str) -> None:
        """Tell what is going on."""
        self._console.print(f"   {escape(text)}", highlight=False, soft_wrap=True)

    def found(self, findings: Iterable[Finding]) -> None:
        """Take what the step under way has shown."""
        for finding in findings:
            self.steps[-1].findings.append(finding)
            verdict = "[green]ok[/green]" if finding.ok else "[red]FAILED[/red]"
            text = f"   {verdict:<2}  {escape(finding.says)}: {escape(finding.figure)}"
            self._console.print(text, highlight=False, soft_wrap=True)

    def document(self) -> str:
        """Return the whole account as JSON."""
        steps = [{"ok": step.ok, **asdict(step)} for step in self.steps]
        return json.dumps({"ok": self.ok, "steps": steps}, indent=1, default=str)
