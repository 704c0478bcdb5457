"""Timers that simulated time cannot stop."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock
from rclpy.clock import ClockType
from rclpy.node import Node
from rclpy.timer import Timer


def steady_timer(
    node: Node,
    period_s: float,
    callback: Callable[[], None],
    callback_group: CallbackGroup | None = None,
) -> Timer:
    """
    Call something again and again, by the machine's steady clock.

    A node's own clock may be simulated (``use_sim_time``): a paused bag would stop its deadlines.

    :param node: the node; its executor runs the timer.
    :param period_s: in seconds.
    :param callback: what to call.
    :param callback_group: None: the node's default one.
    """
    steady = Clock(clock_type=ClockType.STEADY_TIME)
    return node.create_timer(period_s, callback, callback_group=callback_group, clock=steady)
