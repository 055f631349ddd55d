"""Prints a `.env` with random secrets for docker-compose.yml; needs nothing but Python.

    (umask 077; python3 ops/docker/secrets_file.py > .env)

Keep it: without TRIAGE_PAYLOAD_KEY no dead letter opens, and another TRIAGE_PSEUDONYM_KEY makes other patients of all.
"""

import secrets
import sys

_BYTES = 48


def main() -> None:
    """See the module."""
    sys.stdout.write("TRIAGE_DEVELOPMENT=1\n")
    for name in ("TRIAGE_PSEUDONYM_KEY", "TRIAGE_PAYLOAD_KEY", "TRIAGE_REDIS_PASSWORD"):
        sys.stdout.write(f"{name}={secrets.token_urlsafe(_BYTES)}\n")


if __name__ == "__main__":
    main()
