"""One worker process: `TRIAGE_STAGE=admit python -m streams.worker worker` (Faust's own command line)."""

import logging
import os
import sys
from typing import cast, get_args

import structlog

from streams.app import create_app
from streams.errors import ConfigurationError
from streams.settings import Settings, Stage

__all__ = ["main"]

_NOISY = ("aiokafka", "faust", "mode")


def main() -> None:
    """Run the stage that TRIAGE_STAGE names. Raises ConfigurationError for an unknown one."""
    stage = os.environ.get("TRIAGE_STAGE", "")
    if stage not in get_args(Stage):
        raise ConfigurationError(f"TRIAGE_STAGE must be one of {', '.join(get_args(Stage))}")
    _configure_logs()
    create_app(cast(Stage, stage), Settings()).main()


def _configure_logs() -> None:
    """Events with fields, as JSON lines. Libraries log warnings only: debug output could quote a record.

    The stream is the process's own: what is printed later Faust logs once more, as a warning, whatever its level.
    """
    structlog.configure(
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
    )
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
