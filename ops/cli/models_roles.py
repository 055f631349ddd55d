"""What the releases' record says of each served version, for `triage models list`: live, shadow, previous, retired."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ops.cli.connection import reachable
from ops.cli.failures import reason_of
from ops.local.errors import StackNotRunning
from ops.quiet_kafka import quiet
from streams.adapters.model_log import ModelLog
from streams.domain.live_model import Role, fold
from streams.errors import ConfigurationError, Unavailable
from streams.kafka_security import librdkafka_config
from streams.settings import ModelServerSettings

__all__ = ["Roles", "recorded_roles"]


@dataclass(frozen=True, slots=True)
class Roles:
    """Roles by the name of a version; none where the record could not be asked, for the reason `unknown`."""

    by_name: Mapping[str, Role] = field(default_factory=dict)
    unknown: str = ""


def recorded_roles(names: list[str], model_repo: Path) -> Roles:
    """Ask the record about versions in `model_repo`. Starts nothing and raises nothing for what cannot be reached."""
    try:
        settings = reachable(ModelServerSettings)
    except StackNotRunning:
        return Roles(unknown="no stack is running")
    except ConfigurationError as error:
        return Roles(unknown=str(error))
    if settings.model_repository.resolve() != model_repo.resolve():
        return Roles(unknown=f"the releases' record is of {settings.model_repository}")
    log = ModelLog(quiet(librdkafka_config(settings)), settings.model_name)
    try:
        told = [step for _, step in log.told()]
    except Unavailable as error:
        return Roles(unknown=reason_of(error))
    finally:
        log.close()
    if (state := fold(told)).unreadable is not None:
        return Roles(unknown="a newer release changed it last")
    numbers = {name: name.removeprefix(f"{settings.model_name}/") for name in names}
    found = {name: state.role(number, settings.model_version) for name, number in numbers.items()}
    return Roles({name: role for name, role in found.items() if role is not None})
