"""ROS parameters made from config dataclasses."""

from __future__ import annotations

from collections.abc import Callable
import sys
from typing import Any
from typing import TypeVar

from rcl_interfaces.msg import FloatingPointRange
from rcl_interfaces.msg import IntegerRange
from rcl_interfaces.msg import ParameterDescriptor
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from laecips_core.errors import ConfigError
from laecips_core.setting import replace_settings
from laecips_core.setting import Setting
from laecips_core.setting import settings_of

T = TypeVar('T')
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


def on_change(node: Node, config: T, apply: Callable[[T], None]) -> None:
    """
    Let settings that are not read-only change at run time.

    rclpy refuses unknown and read-only parameters, other types and values out of range; the rest
    is checked here. A refused request changes nothing, and its reason says what was expected.

    :param node: a node on which the config was declared.
    :param config: the config in force.
    :param apply: called with a checked config before the request is answered; a ConfigError it
        raises refuses the request, and then it must have changed nothing.
    """
    known = {name for name, _, _ in settings_of(config)}
    current = config

    def change(parameters: list[Parameter]) -> SetParametersResult:
        nonlocal current
        values = {p.name: p.value for p in parameters if p.name in known}
        if not values:
            return SetParametersResult(successful=True)
        try:
            changed: T = replace_settings(current, values)
            apply(changed)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        current = changed
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(change)


def _given(node: Node) -> dict[str, Any]:
    # rclpy has no public way to ask for parameters that were given but not declared.
    given: dict[str, Parameter] = node._parameter_overrides
    return {
        name: parameter.value
        for name, parameter in given.items()
        if not node.has_parameter(name) and not name.startswith('qos_overrides.')
    }


def _descriptor(fact: Setting, kind: type) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=fact.description, read_only=fact.read_only)
    if fact.choices:
        descriptor.additional_constraints = fact.allowed(kind)
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
