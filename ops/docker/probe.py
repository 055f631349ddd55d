"""A container's health check: ends with 0 where a URL answers 200 (`python -m ops.docker.probe URL`)."""

import sys
import urllib.request

_TIMEOUT_S = 2.0


def main() -> int:
    """See the module."""
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=_TIMEOUT_S):  # noqa: S310 - the compose file's own URL
            return 0
    except OSError as error:  # URLError and HTTPError among them
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
