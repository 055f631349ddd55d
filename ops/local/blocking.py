"""The stack for callers without an event loop: `with start_parts(folder, {"kafka"}) as parts: ...`."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.local.config import Server, StackConfig, TopicSpec
from ops.local.stack import Stack

__all__ = ["running", "start_parts"]


@contextmanager
def start_parts(
    data_dir: Path, servers: Iterable[Server], topics: Iterable[TopicSpec] = (), **config: Any
) -> Iterator[Stack]:
    """Run only these servers in `data_dir`; see `running`."""
    parts = StackConfig(data_dir=data_dir, servers=frozenset(servers), topics=tuple(topics), **config)
    with running(Stack(parts)) as stack:
        yield stack


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """Run `stack`: ready on entry and gone on exit, also where this process is killed.

    Blocks, so it must not be called inside a running event loop.
    """
    asyncio.run(stack.prepare())
    asyncio.run(stack.start())
    try:
        yield stack
    finally:
        asyncio.run(stack.stop())
