"""What a figure was measured on: it says little without."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import psutil

from trainer.code import code_version

__all__ = ["measured_on"]

_CPU_INFO = Path("/proc/cpuinfo")
_VECTORS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8")
"""The instructions that an int8 model is quick or slow with."""


def measured_on() -> dict[str, object]:
    """Return the processor, its cores and memory, the code's version, the time. `vectors`: of x86 on Linux alone."""
    info = _cpu_info()
    flags = info.get("flags", "").split()
    return {
        "processor": info.get("model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "vectors": [name for name in _VECTORS if name in flags],
        "memory_mb": psutil.virtual_memory().total >> 20,
        "code": code_version().model_dump(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _cpu_info() -> dict[str, str]:
    """Of the first core."""
    if not _CPU_INFO.exists():
        return {}
    first = _CPU_INFO.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
