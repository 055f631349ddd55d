"""What the demo prints where its output is no terminal, as in a log of CI."""

from collections import deque
from io import StringIO
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from ops.cli import demo
from ops.cli.play import Playback


def test_the_live_table_ends_its_line_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = StringIO()
    monkeypatch.setattr(demo, "console", Console(file=printed, width=80))
    over = SimpleNamespace(sent=range(demo._ONCE_MESSAGES), wait=lambda timeout_s: "summary")
    demo._run(cast(Playback, over), deque(), once=True)
    demo.console.print("messages sent")
    assert printed.getvalue().splitlines()[-1] == "messages sent"
