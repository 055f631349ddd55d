"""Brings up docker-compose.yml for real, sends messages, kills a worker meanwhile, and counts what became of them.

    python -m ops.docker.smoke [--messages N] [--learning]      (make compose-smoke)

A project of its own with random secrets, on a free port, removed at the end with its volumes. Exits 0 where every
message has exactly one diagnosis and one urgency, or one dead letter. Needs Docker with its compose plugin.
With --learning, the service that learns has to look for labels, too, and to hold what a candidate is served with.
"""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console

from ops.cli.demo import demo_payloads
from ops.cli.kafka import Follower, Sender
from ops.cli.play import Playback
from ops.cli.stack import PROJECT_ROOT
from ops.local.ports import choose_ports

__all__ = ["app"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console(stderr=True)
_PROJECT = "triage-smoke"
_REPLICAS = 2
_WAIT_S = 180.0
_REDIS_IMAGES = ("redis:7.4.6-alpine", "redis:7-alpine")
"""Where the pinned image is not here, and one of its line is, nothing is pulled."""
_LOOK_TIMEOUT_S = 120.0
_LOOKED = "0 new labels: no round is due"
_SERVE_A_CANDIDATE = (
    "from os import getuid; from pathlib import Path; from trainer.versions import copy_server_files; "
    "Path('/tmp/model/2').mkdir(parents=True); copy_server_files(Path('/tmp/model/2'), 384); assert getuid()"
)
_SECRETS = ("TRIAGE_PSEUDONYM_KEY", "TRIAGE_PAYLOAD_KEY", "TRIAGE_REDIS_PASSWORD")


@dataclass(frozen=True, slots=True)
class Compose:
    """`docker compose` on the project of this check."""

    environment: Mapping[str, str]
    profiles: tuple[str, ...]

    def __call__(self, *arguments: str) -> str:
        """Return what the command printed. Raises CalledProcessError; its own words go to standard error."""
        profiles = [part for profile in self.profiles for part in ("--profile", profile)]
        command = ["docker", "compose", "--project-name", _PROJECT, *profiles, *arguments]
        done = subprocess.run(
            command, cwd=PROJECT_ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout


@app.command()
def main(
    messages: Annotated[int, typer.Option(min=2, help="Messages to send.")] = 1000,
    interval_s: Annotated[float, typer.Option(help="Time between two messages.")] = 0.005,
    learning: Annotated[bool, typer.Option("--learning", help="What learns, too: a large image.")] = False,
) -> None:
    """See the module."""
    port = choose_ports(["kafka"], {})["kafka"]
    with _running(port, learning=learning) as compose:
        console.print(compose("ps", "--all"), markup=False, highlight=False)
        kafka = {"bootstrap.servers": f"localhost:{port}"}
        playback = Playback(Sender(kafka), Follower(kafka, from_start=False), on_row=lambda _: None)
        payloads = list(islice(demo_payloads(), messages))
        playback.play(payloads[: messages // 2], interval_s=interval_s)
        victim = compose("ps", "--quiet", "assess").split()[0]
        subprocess.run(["docker", "kill", "--signal", "KILL", victim], check=True, stdout=subprocess.DEVNULL)
        playback.play(payloads[messages // 2 :], interval_s=interval_s)
        summary = playback.wait(_WAIT_S)
        playback.follower.close()
        looked = _looked(compose) if learning else None
        console.print(compose("ps", "--all"), markup=False, highlight=False)
    typer.echo(
        json.dumps(
            {
                "sent": summary.sent,
                "decided": summary.decided,
                "dead_letters": dict(summary.dead_letters),
                "identical_copies": summary.duplicates,
                "missing": summary.missing,
                "contradicted": summary.contradicted,
                "repeated_events": summary.copied_events,
                "looked_for_labels": looked,
            }
        )
    )
    raise typer.Exit(0 if summary.complete and looked is not False else 1)


def _looked(compose: Compose) -> bool:
    """Whether the watch looks for labels in time. Raises CalledProcessError where it could make no candidate."""
    compose("exec", "-T", "watch", "python", "-c", _SERVE_A_CANDIDATE)
    deadline = time.monotonic() + _LOOK_TIMEOUT_S
    while _LOOKED not in compose("logs", "watch"):
        if time.monotonic() > deadline:
            return False
        time.sleep(1.0)
    return True


@contextmanager
def _running(port: int, *, learning: bool) -> Iterator[Compose]:
    keys = {name: secrets.token_urlsafe(48) for name in _SECRETS}
    environment = {
        **keys,
        "TRIAGE_DEVELOPMENT": "1",
        "TRIAGE_KAFKA_PORT": str(port),
        "TRIAGE_STANDARD_REQUESTS": "1",  # of each of two workers, on three instances of the model
    }
    profiles = ("cpu", "learning") if learning else ("cpu",)
    compose = Compose({"TRIAGE_REDIS_IMAGE": _redis_image(), **os.environ, **environment}, profiles)
    try:
        compose("build", "--quiet", "topics", "triton", *(("watch",) if learning else ()))
        compose("up", "--detach", "--wait", "--no-build", "--scale", f"assess={_REPLICAS}")
        yield compose
    except subprocess.CalledProcessError:
        console.print(compose("logs", "--tail", "20"), markup=False, highlight=False)
        raise
    finally:
        compose("down", "--volumes", "--timeout", "15")


def _redis_image() -> str:
    for image in _REDIS_IMAGES:
        found = subprocess.run(["docker", "image", "inspect", image], check=False, capture_output=True)
        if found.returncode == 0:
            return image
    return _REDIS_IMAGES[0]


if __name__ == "__main__":
    app()
