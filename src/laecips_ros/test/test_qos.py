"""Tests of the QoS profiles."""

from __future__ import annotations

from collections.abc import Iterator
import os

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy
from rclpy.qos import qos_check_compatible
from rclpy.qos import QoSCompatibility
from rclpy.qos import QoSProfile
from rclpy.qos import ReliabilityPolicy
from std_msgs.msg import Empty

from laecips_ros import qos

DOMAIN_ID = 1 + os.getpid() % 100


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """Give a context of our own."""
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = Context()
    rclpy.init(args=[], context=context, domain_id=DOMAIN_ID)
    yield context
    rclpy.try_shutdown(context=context)


def compatible(publisher: QoSProfile, subscription: QoSProfile) -> bool:
    """Ask the middleware whether the two may connect."""
    return qos_check_compatible(publisher, subscription)[0] != QoSCompatibility.ERROR


@pytest.mark.parametrize(('profile', 'depth'), [(qos.sensor_input(), 5), (qos.newest(), 1)])
def test_pictures_are_taken_from_every_camera(profile: QoSProfile, depth: int) -> None:
    assert profile.depth == depth
    for reliability in (ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT):
        assert compatible(QoSProfile(depth=5, reliability=reliability), profile)


def test_masks_match_reliable_and_best_effort_subscribers() -> None:
    assert qos.masks().depth == 5
    assert compatible(qos.masks(), qos.masks())
    assert compatible(qos.masks(), qos.newest())


def test_latched_reaches_who_comes_late() -> None:
    profile = qos.latched()
    assert (profile.depth, profile.durability) == (1, DurabilityPolicy.TRANSIENT_LOCAL)
    assert compatible(profile, qos.latched())
    assert not compatible(qos.masks(), profile)


def test_override_changes_one_publisher_only(context: Context) -> None:
    name = 'qos_overrides./mask.publisher.depth'
    node = Node('test', context=context, parameter_overrides=[Parameter(name, value=9)])
    for topic in ('/mask', '/confidence'):
        node.create_publisher(Empty, topic, qos.masks(), qos_overriding_options=qos.overridable())
    depths = {p.topic_name: p.qos_profile.depth for p in node.publishers}
    assert (depths['/mask'], depths['/confidence']) == (9, 5)
    node.destroy_node()
