"""The supervisor as a program: `python -m ops.local`, started by `ops.local.spawn`.

Reads one line of JSON from standard input: {"config": ..., "fresh": bool, "detached": bool}. Unless detached,
the end of standard input means that whoever started it is gone, and it stops. SIGTERM and SIGINT stop it too.
"""

import asyncio
import json
import os
import signal
import sys

import structlog

from ops.local.config import StackConfig
from ops.local.errors import StackError
from ops.local.supervisor import run_supervisor


async def _run(config: StackConfig, *, fresh: bool, detached: bool) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if not detached:
        loop.add_reader(sys.stdin.fileno(), lambda: _on_input(loop, stopping))
    await run_supervisor(config, stopping, fresh=fresh)


def _on_input(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        loop.remove_reader(sys.stdin.fileno())
        stopping.set()


def main() -> int:
    """Exit status 0 after an orderly stop, 1 where the stack could not be started; `stack.json` says why."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    order = json.loads(sys.stdin.buffer.readline())
    try:
        config = StackConfig.model_validate(order["config"])
        asyncio.run(_run(config, fresh=order["fresh"], detached=order["detached"]))
    except StackError as error:
        structlog.get_logger(__name__).error("stack.failed", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
