"""From a preset, a YAML file and `key=value` settings to one TrainConfig; a mistake names its key."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trainer.tuning.config import TrainConfig

__all__ = ["ConfigInvalid", "changed", "preset_names", "read_config", "write_config"]

_PRESETS = Path(__file__).with_name("presets")


class ConfigInvalid(ValueError):
    """The configuration cannot be used; the text has one line for each key at fault."""


def preset_names() -> tuple[str, ...]:
    """Return the presets' names."""
    return tuple(sorted(path.stem for path in _PRESETS.glob("*.yaml")))


def read_config(
    path: Path | None = None, *, preset: str | None = None, settings: Iterable[str] = ()
) -> TrainConfig:
    """Put the file over the preset and the settings over both. Raises ConfigInvalid."""
    values: dict[str, Any] = {}
    if preset is not None:
        if preset not in preset_names():
            raise ConfigInvalid(f"no preset {preset!r}: there are {', '.join(preset_names())}")
        values = _read(_PRESETS / f"{preset}.yaml")
    if path is not None:
        values = _merged(values, _read(path))
    for setting in settings:
        values = _merged(values, _parse(setting))
    return _validated(values)


def changed(config: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """Return `config` with other values of dotted keys. Raises ConfigInvalid."""
    tree: dict[str, Any] = config.model_dump(mode="json")
    for key, value in values.items():
        tree = _merged(tree, _nested(key, value))
    return _validated(tree)


def _validated(values: dict[str, Any]) -> TrainConfig:
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        lines = [f"{_key(item['loc'])}: {item['msg']}" for item in error.errors()]
        raise ConfigInvalid("\n".join(lines)) from None


def write_config(config: TrainConfig, path: Path) -> None:
    """Write every key, defaults too."""
    path.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False), encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigInvalid(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path}: not YAML ({str(error).splitlines()[-1].strip()})") from None
    if values is not None and not isinstance(values, dict):
        raise ConfigInvalid(f"{path}: not a mapping of keys to values")
    return _spelled_out(values or {})


def _parse(setting: str) -> dict[str, Any]:
    key, equals, text = setting.partition("=")
    if not equals or not key:
        raise ConfigInvalid(f"{setting!r} is not key=value")
    try:
        value: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigInvalid(f"{key}: {text!r} is not a YAML value") from None
    if isinstance(value, str):
        value = _number(value)
    return _nested(key, value)


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return _spelled_out(dict(value))


def _number(text: str) -> Any:
    # YAML 1.1 takes 2e-5, without a point, for text.
    try:
        return float(text)
    except ValueError:
        return text


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Mappings merge key by key; another kind of method starts anew, as the old one's keys mean nothing to it."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(value, dict) and isinstance(under, dict) and not _another_kind(key, value, under):
            merged[key] = _merged(under, value)
        else:
            merged[key] = value
    return merged


def _another_kind(key: str, value: dict[str, Any], under: dict[str, Any]) -> bool:
    return key == "method" and value.get("kind", under.get("kind")) != under.get("kind")


def _spelled_out(values: dict[str, Any]) -> dict[str, Any]:
    method = values.get("method")
    return {**values, "method": {"kind": method}} if isinstance(method, str) else values


def _key(location: tuple[int | str, ...]) -> str:
    """Return the dotted key; pydantic puts the method's kind into the location, which is no key."""
    parts = [str(part) for part in location]
    if parts[0] == "method":
        del parts[1:2]
    return ".".join(parts)
