"""The node as a whole: what it keeps from one activation to the next, and what it lets go of."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import os
import time
import weakref

from builtin_interfaces.msg import Time
import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from laecips_cloud.cloud_node import CloudNode
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import sha256_hex
from laecips_msgs.msg import ModelVersion
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros import qos

_WAIT_S = 30.0
_GIVEN = {
    'model.threads': 1,
    'model.input_height_px': 96,
    'model.input_width_px': 128,
    'update.source_frames': 0,
    'update.gate_frames': 0,
    'update.buffer_size': 5,
}


class _Server:
    """A cloud node, and a robot that asks it."""

    def __init__(self) -> None:
        self.node = CloudNode()
        self.node.start()
        self.robot = rclpy.create_node('robot')
        self.executor = SingleThreadedExecutor()
        for node in (self.node, self.robot):
            self.executor.add_node(node)
        self.versions: list[ModelVersion] = []
        self.robot.create_subscription(
            ModelVersion, 'cloud/model_version', self.versions.append, qos.latched()
        )
        self.until(lambda: len(self.versions) == 1)

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + _WAIT_S
        while not done():
            assert time.monotonic() < ends_s
            self.executor.spin_once(timeout_sec=0.1)

    def see(self, uid: str) -> SegmentHardFrame.Response:
        data = encode_image(np.zeros((48, 64, 3), np.uint8), 'png', 85)
        request = SegmentHardFrame.Request(
            frame_uid=uid,
            robot='robot',
            stamp=Time(sec=7),
            weights_version=self.versions[-1].version,
            catalogue_sha256=self.node.loaded.cloud.catalogue.sha256,
            image_sha256=sha256_hex(data),
            image_data=data,
        )
        client = self.robot.create_client(SegmentHardFrame, 'cloud/segment_hard_frame')
        self.until(client.service_is_ready)
        call = client.call_async(request)
        self.until(call.done)
        self.robot.destroy_client(client)
        return call.result()

    def set(self, name: str, value: object) -> tuple[bool, str]:
        result = self.node.set_parameters_atomically([Parameter(name, value=value)])
        return result.successful, result.reason


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    words = [word for name, value in _GIVEN.items() for word in ('-p', f'{name}:={value}')]
    rclpy.init(args=['--ros-args', *words], domain_id=1 + os.getpid() % 100)
    made = _Server()
    yield made
    made.executor.shutdown()
    made.node.close()
    made.node.destroy_node()
    made.robot.destroy_node()
    rclpy.try_shutdown()


def test_samples_in_memory_outlive_a_pause(server: _Server) -> None:
    assert not server.see('a').known
    server.node.trigger_deactivate()
    server.node.trigger_activate()
    assert server.node.counters.snapshot()['samples_restored'] == 1
    server.until(lambda: len(server.versions) == 2)
    assert server.see('a').known


def test_the_fused_mask_is_shown_to_who_listens(server: _Server) -> None:
    pictures: list[Image] = []
    server.robot.create_subscription(Image, 'cloud/overlay', pictures.append, qos.masks())
    shown = server.node.running._pictures._publisher
    server.until(lambda: shown.get_subscription_count() == 1)
    server.see('a')
    server.until(lambda: len(pictures) == 1)
    picture = pictures[0]
    assert (picture.height, picture.width, picture.encoding) == (48, 64, 'rgb8')
    assert (picture.header.frame_id, picture.header.stamp.sec) == ('robot', 7)


def test_cleanup_frees_the_models_and_the_samples(server: _Server) -> None:
    server.see('a')
    cloud = weakref.ref(server.node.loaded.cloud.pipeline)
    server.node.trigger_deactivate()
    server.node.trigger_cleanup()
    assert cloud() is None
    server.node.trigger_configure()
    server.node.trigger_activate()
    server.until(lambda: len(server.versions) == 2)
    assert not server.see('a').known


def test_a_smaller_buffer_counts_at_once(server: _Server) -> None:
    assert server.see('a').training_round == 0
    assert server.set('update.buffer_size', 2) == (True, '')
    assert server.see('b').training_round == 1


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('update.buffer_capacity', 4, 'update.buffer_capacity: expected at least '),
        ('masks.name', 'none', 'masks.name: expected state unconfigured, got active: '),
    ],
)
def test_what_cannot_be_is_refused(server: _Server, name: str, value: object, reason: str) -> None:
    before = server.node.config
    done, told = server.set(name, value)
    assert not done
    assert told.startswith(reason)
    assert server.node.config is before
