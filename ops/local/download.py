"""Downloads Kafka's pinned jars through jgo, and verifies them by SHA-256."""

import fcntl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext, PythonResolver

from ops.local.errors import JarUnavailable
from ops.local.jars import KAFKA_VERSION, PinnedJar, read_lock, repository
from ops.local.progress import Reporter

__all__ = ["prepare_jars"]

_PARALLEL_DOWNLOADS = 6
_TIMEOUT_S = 30


def prepare_jars(cache_dir: Path, reporter: Reporter) -> None:
    """Download the jars that the cache lacks, from the repositories of the user's jgo settings.

    Raises JarUnavailable.
    """
    folder = repository(cache_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusive(folder / ".lock"):
        missing = [jar for jar in read_lock() if not jar.is_intact(folder)]
        if not missing:
            return
        settings = GlobalSettings.load()
        context = MavenContext(
            repo_cache=folder,
            remote_repos={"central": MAVEN_CENTRAL_URL, **settings.repositories},
            timeout=_TIMEOUT_S,
            resolver=PythonResolver(progress_callback=reporter.download),
        )
        step = reporter.step(f"Kafka {KAFKA_VERSION}", total=len(missing))
        with step as advance, ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
            for _ in pool.map(lambda jar: _download(jar, context), missing):
                advance(1)


def _download(jar: PinnedJar, context: MavenContext) -> None:
    # jgo takes any file that is there for the jar, also one that an interrupted download left behind.
    jar.path(context.repo_cache).unlink(missing_ok=True)
    coordinate = f"{jar.group}:{jar.artifact}:{jar.version}"
    try:
        context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (OSError, RuntimeError) as error:
        hint = "Check the connection to the Maven repository, or its mirror in ~/.config/jgo.conf."
        raise JarUnavailable(
            f"{coordinate} could not be downloaded ({type(error).__name__})", hint
        ) from error
    if not jar.is_intact(context.repo_cache):
        jar.path(context.repo_cache).unlink(missing_ok=True)
        raise JarUnavailable(
            f"{coordinate} is not the pinned file", "The repository or a proxy serves other content."
        )


@contextmanager
def _exclusive(lock_path: Path) -> Iterator[None]:
    with lock_path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
