"""ROS parameters made from config dataclasses."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import sys
from typing import Any
from typing import Generic
from typing import TypeVar

from rcl_interfaces.msg import FloatingPointRange
from rcl_interfaces.msg import IntegerRange
from rcl_interfaces.msg import ParameterDescriptor
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from laecips_core.errors import ConfigError
from laecips_core.errors import LaecipsError
from laecips_core.setting import Change
from laecips_core.setting import replace_settings
from laecips_core.setting import Setting
from laecips_core.setting import settings_of

T = TypeVar('T')
UNCONFIGURED = 'unconfigured'
"""The lifecycle state in which models, devices and folders may change."""

_INT64 = 2**63


def declare_config(node: Node, config: T) -> T:
    """
    Declare one parameter for every setting of a config, and read what was given at start.

    Names are the dotted names of the settings. Everything is checked before anything is
    declared; a parameter that is neither a setting nor rclpy's own is refused.

    :param node: a node without these parameters.
    :param config: a config dataclass with the defaults.
    :returns: a copy with the values given on the command line, in a file or to the node.
    :raises ConfigError: for the first unknown name or value that is not allowed.
    """
    checked: T = replace_settings(config, _given(node))
    for name, value, fact in settings_of(checked):
        node.declare_parameter(name, value, _descriptor(fact, type(value)))
    return checked


class LockedError(LaecipsError):
    """A setting cannot change in the state that the node is in."""

    code = 'setting_locked'

    def __init__(self, name: str, change: Change, state: str) -> None:
        """
        Say what to do first.

        :param name: of the setting.
        :param change: when it may change.
        :param state: of the node.
        """
        if change is Change.NEVER:
            super().__init__(f'{name}: {change.value}: start the node again to change it')
            return
        super().__init__(
            f'{name}: expected state unconfigured, got {state}: deactivate and clean up, set it, '
            'then configure and activate'
        )


class LiveConfig(Generic[T]):
    """
    The config of a node, as its parameters change it.

    A request is checked as a whole. One that is refused changes nothing, and its reason says what
    was expected.
    """

    def __init__(
        self,
        node: Node,
        config: T,
        state: Callable[[], str],
        check: Callable[[T], None],
        apply: Callable[[T], None],
    ) -> None:
        """
        Follow the node's parameters from now on.

        :param node: a node on which the config was declared.
        :param config: the config in force.
        :param state: gives the node's lifecycle state.
        :param check: refuses a config that cannot work, by a ConfigError. While it refuses the one
            in force, any other is let in: a fault of two settings is mended one by one.
        :param apply: called with a checked config before the request is answered.
        """
        self._facts = {name: fact for name, _, fact in settings_of(config)}
        self._current, self._state = config, state
        self._check, self._apply = check, apply
        node.add_on_set_parameters_callback(self._change)

    @property
    def current(self) -> T:
        """The config in force."""
        return self._current

    def refusal(self, parameters: Iterable[Parameter]) -> str:
        """
        Say why a request cannot be met, in our words: rclpy's own do not tell every range.

        :param parameters: what is asked for; those that are no settings are left out.
        :returns: the reason; empty: it can be met.
        """
        try:
            self._changed(parameters)
        except LaecipsError as error:
            return str(error)
        return ''

    def _change(self, parameters: list[Parameter]) -> SetParametersResult:
        try:
            changed = self._changed(parameters)
            if changed != self._current:
                self._apply(changed)
        except LaecipsError as error:
            return SetParametersResult(successful=False, reason=str(error))
        self._current = changed
        return SetParametersResult(successful=True)

    def _changed(self, parameters: Iterable[Parameter]) -> T:
        values = {p.name: p.value for p in parameters if p.name in self._facts}
        changed: T = replace_settings(self._current, values)
        state = self._state()
        for (name, value, fact), (_, before, _) in zip(
            settings_of(changed), settings_of(self._current), strict=True
        ):
            if value != before and not _may_change(fact.change, state):
                raise LockedError(name, fact.change, state)
        try:
            self._check(changed)
        except ConfigError:
            if self._works(self._current):
                raise
        return changed

    def _works(self, config: T) -> bool:
        try:
            self._check(config)
        except ConfigError:
            return False
        return True


def _may_change(change: Change, state: str) -> bool:
    return change is Change.RUN_TIME or (change is Change.UNCONFIGURED and state == UNCONFIGURED)


def _given(node: Node) -> dict[str, Any]:
    # rclpy has no public way to ask for parameters that were given but not declared.
    given: dict[str, Parameter] = node._parameter_overrides
    return {
        name: parameter.value
        for name, parameter in given.items()
        if not node.has_parameter(name) and not name.startswith('qos_overrides.')
    }


def _descriptor(fact: Setting, kind: type) -> ParameterDescriptor:
    words = [fact.allowed(kind)] if fact.choices else []
    descriptor = ParameterDescriptor(
        description=fact.description,
        read_only=fact.change is Change.NEVER,
        additional_constraints='; '.join([*words, fact.change.value]),
    )
    if fact.low is None and fact.high is None:
        return descriptor
    if kind is int:
        low = -_INT64 if fact.low is None else int(fact.low)
        high = _INT64 - 1 if fact.high is None else int(fact.high)
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high)]
    if kind is float:
        least = -sys.float_info.max if fact.low is None else float(fact.low)
        most = sys.float_info.max if fact.high is None else float(fact.high)
        descriptor.floating_point_range = [FloatingPointRange(from_value=least, to_value=most)]
    return descriptor
