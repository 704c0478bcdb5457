"""Fields of config dataclasses that carry unit, bounds, choices and description."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
from dataclasses import dataclass
from enum import Enum
import math
from typing import Any

from laecips_core.errors import ConfigError

_METADATA_KEY = 'setting'


class Change(Enum):
    """When a node takes another value of a setting; the values say it in words."""

    NEVER = 'fixed while the process lives'
    UNCONFIGURED = 'changes while unconfigured'
    RUN_TIME = 'changes at any time'


@dataclass(frozen=True)
class Setting:
    """
    What a user must know of one configuration value.

    :param description: one sentence, with the unit where there is one.
    :param low: smallest allowed number; None where there is no lower bound.
    :param high: largest allowed number; None where there is no upper bound.
    :param choices: allowed values; empty where any is allowed.
    :param change: when a node takes another value.
    """

    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    change: Change = Change.UNCONFIGURED

    def allowed(self, kind: type) -> str:
        """
        Say in words what is allowed.

        :param kind: type of the value.
        """
        if self.choices:
            return 'one of ' + ', '.join(self.choices)
        if self.low is None and self.high is None:
            return kind.__name__
        low = '-inf' if self.low is None else f'{self.low:g}'
        high = 'inf' if self.high is None else f'{self.high:g}'
        return f'{kind.__name__} in [{low}, {high}]'


def setting(default: Any, description: str, **facts: Any) -> Any:
    """
    Declare one configuration value; the only place its default stands.

    :param default: the default.
    :param description: one sentence, with the unit where there is one.
    :param facts: the other fields of :class:`Setting`.
    """
    facts = {_METADATA_KEY: Setting(description, **facts)}
    return dataclasses.field(default=default, metadata=facts)


def group(kind: type) -> Any:
    """
    Nest one config dataclass in another.

    :param kind: the nested dataclass; all its fields have defaults.
    """
    return dataclasses.field(default_factory=kind)


def settings_of(config: Any, prefix: str = '') -> Iterator[tuple[str, Any, Setting]]:
    """
    Walk a config, nested groups included.

    :param config: a config dataclass instance.
    :param prefix: put before every name.
    :returns: (dotted name, value, setting) of each value.
    """
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            yield from settings_of(value, f'{prefix}{field.name}.')
        else:
            yield f'{prefix}{field.name}', value, field.metadata[_METADATA_KEY]


def check_value(name: str, value: Any, kind: type, fact: Setting) -> None:
    """
    Refuse a value that its setting does not allow.

    :param name: full name of the setting.
    :param value: the value.
    :param kind: the type it must have; bool is no number.
    :param fact: its setting.
    :raises ConfigError: naming the value and what is allowed.
    """
    allowed = fact.allowed(kind)
    if type(value) is not kind:
        raise ConfigError(name, value, allowed)
    if fact.choices and value not in fact.choices:
        raise ConfigError(name, value, allowed)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        too_low = fact.low is not None and value < fact.low
        too_high = fact.high is not None and value > fact.high
        if too_low or too_high or not math.isfinite(value):
            raise ConfigError(name, value, allowed)


def check_config(config: Any) -> None:
    """
    Refuse a config with any value out of bounds.

    :param config: a config dataclass instance.
    :raises ConfigError: for the first bad value.
    """
    defaults = {name: type(value) for name, value, _ in settings_of(type(config)())}
    for name, value, fact in settings_of(config):
        check_value(name, value, defaults[name], fact)


def replace_settings(config: Any, values: dict[str, Any]) -> Any:
    """
    Give a copy of a config with some values replaced, checked.

    :param config: a config dataclass instance.
    :param values: new values by dotted name.
    :raises ConfigError: when a name is unknown or a value not allowed.
    """
    known = {name for name, _, _ in settings_of(config)}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(name, value, 'a known setting: ' + ', '.join(sorted(known)))
    changed = _replace(config, values)
    check_config(changed)
    return changed


def _replace(config: Any, values: dict[str, Any]) -> Any:
    own: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        head = f'{field.name}.'
        if dataclasses.is_dataclass(value):
            nested = {k.removeprefix(head): v for k, v in values.items() if k.startswith(head)}
            own[field.name] = _replace(value, nested)
        elif field.name in values:
            own[field.name] = values[field.name]
    return dataclasses.replace(config, **own)
