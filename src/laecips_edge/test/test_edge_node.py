"""The node as a whole: one mask for each frame, also while weights fail under it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import os
from pathlib import Path
import time
import weakref

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_core.pipeline.edge import EdgePass
from laecips_core.values import Frame
from laecips_core.values import ModelWeights
from laecips_core.values import Prediction
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_core.values import Verdict
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.received import IncomingUpdate
from laecips_edge.call import JudgedFrame
from laecips_edge.edge_node import EdgeNode
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import LinkState
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import Report
from laecips_ros import qos
from laecips_ros.conversions import ns_to_stamp

_WAIT_S = 30.0
_MAX_BYTES = 100_000_000


class _Robot:
    """An edge node, and who listens to it."""

    def __init__(self) -> None:
        self.node = EdgeNode()
        self.node.start()
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.reports: list[Report] = []
        self.masks: list[Image] = []
        self.versions: list[ModelVersion] = []
        for kind, topic, profile, seen in (
            (Report, '~/report', qos.masks(), self.reports),
            (Image, '~/mask', qos.masks(), self.masks),
            (ModelVersion, '~/model_version', qos.latched(), self.versions),
        ):
            self.node.create_subscription(kind, topic, seen.append, profile)
        self.camera = self.node.create_publisher(Image, 'image', qos.sensor_input())
        self.link = self.node.create_publisher(LinkState, 'cloud/link_state', qos.latched())
        self.until(lambda: len(self.versions) == 1)
        self.until(lambda: self.camera.get_subscription_count() == 1)

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + _WAIT_S
        while not done():
            assert time.monotonic() < ends_s
            self.executor.spin_once(timeout_sec=0.1)

    def see(self, stamp_ns: int) -> Report:
        pixels = np.random.default_rng(stamp_ns).integers(0, 256, (48, 64, 3), np.uint8)
        self.camera.publish(
            Image(
                header=Header(stamp=ns_to_stamp(stamp_ns), frame_id='camera'),
                height=48,
                width=64,
                encoding='rgb8',
                step=192,
                data=pixels.tobytes(),
            )
        )
        done = len(self.reports) + 1
        self.until(lambda: len(self.reports) == len(self.masks) == done)
        return self.reports[-1]

    def install_changed(self) -> str:
        """Install the running weights with one number changed."""
        start = self.node.loaded.installer.running
        weights = decode(start, _MAX_BYTES)
        name = next(iter(weights.edge))
        changed = weights.edge[name] * np.float32(1.25)
        update = encode(
            ModelWeights({**weights.edge, name: changed}, weights.miner),
            model=start.manifest.model,
            catalogue=catalogue_of(start),
        )
        incoming = IncomingUpdate(update.manifest, None, _MAX_BYTES)
        incoming.add(update.manifest, 0, update.payload)
        self.node.loaded.installer.install(incoming).result(_WAIT_S)
        return update.manifest.version


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[_Robot]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    given = {'model.threads': 1, 'updates.folder': tmp_path / 'w', 'miner.threshold': 1.0}
    words = [word for name, value in given.items() for word in ('-p', f'{name}:={value}')]
    rclpy.init(args=['--ros-args', *words], domain_id=1 + os.getpid() % 100)
    made = _Robot()
    yield made
    made.executor.shutdown()
    made.node.close()
    made.node.destroy_node()
    rclpy.try_shutdown()


# The confidence of a softmax that is not a number is cast before the pass notices.
@pytest.mark.filterwarnings('ignore:invalid value encountered in cast')
def test_weights_that_fail_under_a_frame_cost_no_mask(
    robot: _Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = robot.versions[0].version
    new = robot.install_changed()
    assert robot.see(1).weights_version == new
    assert robot.node.running.state().values['probation_frames_left'] == 19
    model = robot.node.loaded.edge.pipeline.running.parts.model
    nothing = np.full((1, 12, 6, 8), np.nan, np.float32)
    monkeypatch.setattr(model, 'predict', lambda images: nothing)
    report = robot.see(2)
    assert (report.weights_version, report.fallback_reason) == (start, 'no_cloud')
    robot.until(lambda: [told.version for told in robot.versions] == [start, new, start])
    assert len(robot.masks) == len(robot.reports) == 2
    values = robot.node.running.state().values
    assert str(values['last_return']).startswith(f'{new}: weights {new}: softmax: expected finite')
    assert robot.node.counters.snapshot()['updates_returned'] == 1


def test_the_state_tells_versions_updates_and_link(robot: _Robot) -> None:
    robot.link.publish(LinkState(state=LinkState.DEGRADED, reason='slow'))
    robot.until(lambda: robot.node.running.state().values['link'] == 'degraded')
    values = robot.node.running.state().values
    expected = {
        'weights_version': robot.versions[0].version,
        'release': 0,
        'probation_frames_left': 0,
        'last_return': 'none',
        'update_under_way': 'none',
        'update_refused': 'none',
        'link_reason': 'slow',
    }
    assert {name: values[name] for name in expected} == expected


def _hard_frame(*, provisional: bool) -> JudgedFrame:
    image = np.zeros((4, 6, 3), np.uint8)
    mask = Segmentation(image[..., 0], image[..., 0], Source.EDGE, 'v')
    prediction = Prediction(np.full((3, 4, 6), 1 / 3, np.float32), (4, 6), 'v')
    edge = EdgePass(Frame(image, 1, 'a'), prediction, Verdict(0.1, 0.5, 'test'), mask, 0.1)
    return JudgedFrame(edge, Header(), time.perf_counter(), provisional)


def test_another_policy_costs_and_doubles_no_mask_of_a_frame_under_way(robot: _Robot) -> None:
    waited, shown = _hard_frame(provisional=False), _hard_frame(provisional=True)
    changed = robot.node.set_parameters([Parameter('uplink.policy', value='provisional')])
    assert changed[0].successful
    robot.node.running.on_fallback(shown, 'deadline')
    robot.node.running.on_fallback(waited, 'deadline')
    robot.until(lambda: len(robot.reports) == len(robot.masks) == 1)
    assert robot.see(3).source == Report.EDGE
    assert len(robot.masks) == 2


def test_a_second_life_goes_on_and_announces_what_runs(robot: _Robot) -> None:
    new = robot.install_changed()
    robot.until(lambda: len(robot.versions) == 2)
    robot.node.trigger_deactivate()
    assert robot.camera.get_subscription_count() == 0
    robot.node.trigger_activate()
    robot.until(lambda: len(robot.versions) == 3)
    assert robot.versions[-1].version == new
    robot.until(lambda: robot.camera.get_subscription_count() == 1)
    assert robot.see(1).weights_version == new


def test_who_comes_late_still_learns_the_classes(robot: _Robot) -> None:
    classes: list[LabelInfo] = []
    robot.node.create_subscription(LabelInfo, '~/label_info', classes.append, qos.latched())
    robot.until(lambda: len(classes) == 1)


def test_cleanup_frees_the_model(robot: _Robot) -> None:
    robot.see(1)
    model = weakref.ref(robot.node.loaded.edge.pipeline.running.parts.model)
    robot.node.trigger_deactivate()
    robot.node.trigger_cleanup()
    assert model() is None


def test_missing_weights_leave_it_unconfigured_until_they_are_named(
    robot: _Robot, capfd: pytest.CaptureFixture[str]
) -> None:
    node = robot.node
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert node.set_parameters([Parameter('model.weights', value='/none.safetensors')])[
        0
    ].successful
    capfd.readouterr()
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert node.state == 'unconfigured'
    assert '/none.safetensors' in capfd.readouterr().err
    node.set_parameters([Parameter('model.weights', value='builtin:patrol')])
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
