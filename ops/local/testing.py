"""Real servers for tests: `with start_parts(tmp, {"kafka"}) as parts: parts.endpoints.kafka`."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops.local.config import Server, StackConfig, TopicSpec
from ops.local.stack import Stack

__all__ = ["start_parts"]


@contextmanager
def start_parts(
    data_dir: Path, servers: Iterable[Server], topics: Iterable[TopicSpec] = (), **config: Any
) -> Iterator[Stack]:
    """Run only these servers in `data_dir`, ready on entry and gone on exit, also where the test process is
    killed.

    For fixtures of any scope: it blocks, and must not be called inside a running event loop.
    """
    stack = Stack(StackConfig(data_dir=data_dir, servers=frozenset(servers), topics=tuple(topics), **config))
    asyncio.run(stack.prepare())
    asyncio.run(stack.start())
    try:
        yield stack
    finally:
        asyncio.run(stack.stop())
