"""
The QoS profiles of every topic, each with its reason.

Each call gives a new profile: rclpy writes a user's overrides into the one it is given.
"""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy
from rclpy.qos import HistoryPolicy
from rclpy.qos import QoSProfile
from rclpy.qos import ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions


def sensor_input() -> QoSProfile:
    """
    Profile of camera images that we receive.

    Best effort matches every camera driver. The worker keeps no frame but the newest, and counts
    the others; five are kept so that a short stall of the executor loses none uncounted.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.BEST_EFFORT
    )


def newest() -> QoSProfile:
    """
    Profile of pictures for somebody who looks on.

    Best effort, so that he never holds up who publishes; one is kept: an old one is of no use.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT
    )


def masks() -> QoSProfile:
    """
    Profile of what we publish for every frame.

    Reliable matches reliable and best-effort subscribers alike; five bridge a short stall.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=5, reliability=ReliabilityPolicy.RELIABLE
    )


def latched() -> QoSProfile:
    """
    Profile of state: labels, model version, training round.

    Transient local gives who comes late the newest one; older ones are void, so one is kept.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    )


def diagnostics() -> QoSProfile:
    """
    Profile of /diagnostics.

    Reliable with ten kept, as the aggregators of ROS 2 expect it.
    """
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE
    )


def overridable() -> QoSOverridingOptions:
    """Let users change history, depth and reliability by ``qos_overrides.*`` parameters."""
    return QoSOverridingOptions.with_default_policies()
