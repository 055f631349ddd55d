"""Triton's binaries, from the nvidia-pytriton wheel; only its server is used, none of its Python code.

The wheel's Python backend lacks its stub, the process in which a model's Python runs: one for each Python
version lies beside it. The pair is copied into the cache.
"""

import ctypes
import importlib.metadata
import importlib.util
import platform
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ops.local.errors import BinaryMissing, LibpythonMissing, UnsupportedPlatform

__all__ = ["TritonFiles", "find_libpython_dir", "locate_triton", "prepare_triton"]

_STUB = "triton_python_backend_stub"


@dataclass(frozen=True, slots=True)
class TritonFiles:
    """What is needed to start the server."""

    server: Path
    caches: Path
    backends: Path
    library_dirs: tuple[Path, ...]


def _wheel_dir() -> Path:
    spec = importlib.util.find_spec("pytriton")
    if spec is None or spec.origin is None:
        raise BinaryMissing("tritonserver was not found", "pip install --no-deps nvidia-pytriton==0.7.0")
    return Path(spec.origin).parent


def _python_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def find_libpython_dir() -> Path | None:
    """Folder of the shared libpython that Triton's stub links, or None where the loader finds it by itself.

    Raises LibpythonMissing: Debian's Python without its libpython package, and static builds, don't carry it.
    """
    name = f"libpython{_python_version()}.so.1.0"
    # A relocated Python (uv's) tells the LIBDIR of the machine it was built on: look beside the interpreter,
    # too.
    for folder in (sysconfig.get_config_var("LIBDIR"), f"{sys.base_prefix}/lib", f"{sys.base_prefix}/lib64"):
        if folder and _is_there(Path(folder, name)):
            return Path(folder)
    try:
        ctypes.CDLL(name)
    except OSError:
        raise LibpythonMissing(
            f"{name} was not found; Triton's Python backend links it",
            f"Debian, Ubuntu: apt-get install libpython{_python_version()}. "
            "pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install. uv: uv python install.",
        ) from None
    return None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # what this user may not look at, the loader will not find either
        return False


def locate_triton(cache_dir: Path) -> TritonFiles:
    """The files of a prepared Triton. Raises PreparationFailed where they cannot exist here."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise UnsupportedPlatform(
            f"no Triton binary for {sys.platform} {platform.machine()}",
            "Use Linux on x86-64, or the containers.",
        )
    wheel = _wheel_dir()
    libpython_dir = find_libpython_dir()
    bundled = wheel.parent / "nvidia_pytriton.libs"
    version = importlib.metadata.version("nvidia-pytriton")
    return TritonFiles(
        server=wheel / "tritonserver" / "bin" / "tritonserver",
        caches=wheel / "tritonserver" / "caches",
        backends=cache_dir / f"triton-{version}-py{_python_version()}",
        library_dirs=(bundled,) if libpython_dir is None else (bundled, libpython_dir),
    )


def prepare_triton(cache_dir: Path) -> TritonFiles:
    """Put the Python backend and the stub of this Python together in the cache.

    Raises UnsupportedPlatform, BinaryMissing or LibpythonMissing.
    """
    files = locate_triton(cache_dir)
    wheel = _wheel_dir() / "tritonserver"
    stub = wheel / "python_backend_stubs" / _python_version() / _STUB
    if not files.server.exists():
        raise BinaryMissing("tritonserver was not found", "pip install --no-deps nvidia-pytriton==0.7.0")
    if not stub.exists():
        known = ", ".join(sorted(path.name for path in stub.parent.parent.glob("*")))
        raise UnsupportedPlatform(
            f"Triton has no stub for Python {_python_version()}", f"It has them for {known}."
        )
    if not (files.backends / "python" / _STUB).exists():
        _assemble(wheel / "backends" / "python", stub, files.backends)
    return files


def _assemble(backend: Path, stub: Path, target: Path) -> None:
    # Made beside its place and renamed: another process sees all of it or nothing.
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        shutil.copytree(backend, scratch / "backends" / "python")
        shutil.copy2(stub, scratch / "backends" / "python")
        try:
            (scratch / "backends").rename(target)
        except OSError:
            if not (target / "python" / _STUB).exists():
                raise
    finally:
        shutil.rmtree(scratch)
