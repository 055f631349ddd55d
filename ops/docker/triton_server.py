"""Becomes Triton inside its container: the same server, backend and options as the embedded stack's.

    python -m ops.docker.triton_server --prepare   at build time: puts the Python backend and its stub together
    python -m ops.docker.triton_server             replaces this process by tritonserver

The supervisor's watch over dead model processes is not here: a worker that meets one has the model loaded anew.
"""

import os
import sys
from pathlib import Path

from ops.local.triton_files import TritonFiles, locate_triton, prepare_triton

__all__ = ["command", "environment"]

_BACKENDS = Path("/opt/backends")
_MODELS = Path("/models")
_MODEL = "triage_bert"
_EXIT_TIMEOUT_S = 5


def command(files: TritonFiles) -> list[str]:
    """Return the server's command line. It listens on all addresses of its container."""
    return [
        str(files.server),
        f"--model-repository={_MODELS}",
        f"--backend-directory={files.backends}",
        f"--cache-directory={files.caches}",
        *("--allow-gpu-metrics=false", "--disable-auto-complete-config"),
        *("--model-control-mode=explicit", f"--load-model={_MODEL}"),
        f"--exit-timeout-secs={_EXIT_TIMEOUT_S}",
    ]


def environment(files: TritonFiles) -> dict[str, str]:
    """Return the server's environment: its libraries, and first on PATH the Python that has ONNX Runtime."""
    libraries = ":".join(str(folder) for folder in files.library_dirs)
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "LD_LIBRARY_PATH": libraries}


def main() -> None:
    """See the module."""
    if sys.argv[1:] == ["--prepare"]:
        prepare_triton(_BACKENDS)
        return
    files = locate_triton(_BACKENDS)
    os.execve(files.server, command(files), environment(files))  # noqa: S606 - this process becomes the server


if __name__ == "__main__":
    main()
