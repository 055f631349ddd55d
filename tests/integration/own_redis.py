"""A Redis server for one test module, without the rest of the stack."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.exceptions import ConnectionError as NotThere

from ops.local.ports import choose_ports
from ops.local.redis import find_redis_server

__all__ = ["own_redis"]

_WAIT_S = 10.0


@contextmanager
def own_redis(folder: Path) -> Iterator[str]:
    """Yield its URL."""
    port = choose_ports(["redis"], {})["redis"]
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([find_redis_server(), *arguments], stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        _wait_for_answer(url)
        yield url
    finally:
        server.terminate()
        server.wait(_WAIT_S)


def _wait_for_answer(url: str) -> None:
    give_up_at = time.monotonic() + _WAIT_S
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
            except NotThere:
                assert time.monotonic() < give_up_at
                time.sleep(0.05)
            else:
                return
