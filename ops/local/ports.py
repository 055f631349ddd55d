"""Free loopback ports, kept from one start to the next where nobody else took them."""

import random
import socket
from collections.abc import Iterable, Mapping

__all__ = ["LOOPBACK", "choose_ports", "is_free"]

LOOPBACK = "127.0.0.1"

# Below Linux's range for outgoing connections (from 32768 on): a client that reconnects to a dead server's
# port inside that range can be given the very same port and connect to itself, and the server then cannot
# come back.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
_TRIES = 1_000


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose_ports(names: Iterable[str], previous: Mapping[str, int]) -> dict[str, int]:
    """One port for each name: the previous one where it is still free, else a new one.

    Raises OSError where no free port was found.
    """
    chosen: dict[str, int] = {}
    for name in names:
        port = previous.get(name)
        if port is None or port in chosen.values() or not is_free(port):
            port = _new_port({*chosen.values(), *previous.values()})
        chosen[name] = port
    return chosen


def _new_port(taken: set[int]) -> int:
    for _ in range(_TRIES):
        port = random.randint(_FIRST_PORT, _LAST_PORT)
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free loopback port between {_FIRST_PORT} and {_LAST_PORT}")
