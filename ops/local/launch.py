"""Runs a program that the kernel ends together with its parent: `launch.py PARENT_PID PROGRAM ARGUMENT...`.

A program of its own, because Python code between fork and exec (`preexec_fn`) can deadlock in a process with
threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent_pid: int, command: list[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:  # it died before the call above
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  # the supervisor chose the program; there is no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
