"""Downloads against a real service of our own, which can be made to misbehave."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import os
from queue import Queue
import time

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeConfig
from laecips_core.errors import WeightsError
from laecips_core.setting import replace_settings
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import encode
from laecips_core.weights.transfer import chunk_of
from laecips_edge.updates import UpdateClient
from laecips_msgs.msg import ModelVersion
from laecips_msgs.srv import GetModelUpdate
from laecips_ros import qos
from laecips_ros.conversions import manifest_to_msg
from laecips_ros.counters import Counters

_WAIT_S = 20.0
_CONFIG = replace_settings(
    EdgeConfig(), {'uplink.chunk_bytes': 1024, 'uplink.update_deadline_s': 0.5}
)


def _update(seed: int) -> WeightUpdate:
    values = np.random.default_rng(seed).standard_normal((40, 40)).astype(np.float32)
    weights = ModelWeights({'layer': values}, {})
    catalogue = ClassCatalogue(('sky', 'road'), ((1, 2, 3), (4, 5, 6)))
    return encode(weights, model='fast_scnn', catalogue=catalogue)


class _Server:
    """The cloud's half: announces and serves what the test says."""

    def __init__(self, node: Node) -> None:
        self.held: dict[str, WeightUpdate] = {}
        self.offsets: list[int] = []
        self.spoil: Callable[[GetModelUpdate.Response], None] = lambda response: None
        self.version = node.create_publisher(ModelVersion, 'cloud/model_version', qos.latched())
        self._node = node
        self.open()

    def open(self) -> None:
        self._service = self._node.create_service(
            GetModelUpdate, 'cloud/get_model_update', self._serve
        )

    def close(self) -> None:
        self._node.destroy_service(self._service)

    def announce(self, update: WeightUpdate) -> None:
        self.held[update.manifest.version] = update
        self.version.publish(manifest_to_msg(update.manifest))

    def _serve(
        self, request: GetModelUpdate.Request, response: GetModelUpdate.Response
    ) -> GetModelUpdate.Response:
        self.offsets.append(request.offset)
        update = self.held[request.version]
        response.chunk = chunk_of(update, request.offset, request.max_bytes, request.sha256)
        response.offset, response.manifest = request.offset, manifest_to_msg(update.manifest)
        self.spoil(response)
        return response


class _Edge:
    """A client under test with a server, both on one executor."""

    def __init__(self, context: Context) -> None:
        self.node = Node('updates', context=context)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.server = _Server(self.node)
        self.installed: Queue[str] = Queue()
        self.install_error: Exception | None = None
        self.counters = Counters()
        self.client = UpdateClient(self.node, _CONFIG, 'start', self._install, self.counters)

    def _install(self, update: WeightUpdate) -> None:
        if self.install_error is not None:
            raise self.install_error
        self.installed.put(update.manifest.version)

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + _WAIT_S
        while not done():
            assert time.monotonic() < ends_s
            self.executor.spin_once(timeout_sec=0.1)

    def count(self, name: str) -> int:
        return self.counters.snapshot().get(name, 0)


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Edge]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = Context()
    rclpy.init(context=context, domain_id=1 + os.getpid() % 100)
    made = _Edge(context)
    yield made
    made.client.close()
    made.executor.shutdown()
    made.node.destroy_node()
    context.try_shutdown()


def test_an_announced_version_comes_in_chunks_and_is_installed(edge: _Edge) -> None:
    update = _update(1)
    edge.server.announce(update)
    edge.until(lambda: not edge.installed.empty())
    assert edge.installed.get_nowait() == update.manifest.version
    assert edge.server.offsets == list(range(0, update.manifest.size_bytes, 1024))
    edge.until(lambda: edge.count('updates') == 1)


def test_the_version_in_use_is_not_fetched_again(edge: _Edge) -> None:
    edge.server.announce(_update(1))
    edge.until(lambda: edge.count('updates') == 1)
    calls = len(edge.server.offsets)
    edge.server.announce(_update(1))
    edge.server.announce(_update(2))
    edge.until(lambda: edge.count('updates') == 2)
    assert edge.server.offsets[calls:] == list(range(0, _update(2).manifest.size_bytes, 1024))


def test_a_damaged_chunk_is_found_and_the_download_begun_again(edge: _Edge) -> None:
    def spoil(response: GetModelUpdate.Response) -> None:
        if response.offset == 1024 and not edge.count('errors.wrong_digest'):
            response.chunk[0] ^= 0xFF

    edge.server.spoil = spoil
    edge.server.announce(_update(1))
    edge.until(lambda: edge.count('updates') == 1)
    assert edge.count('errors.wrong_digest') == 1
    assert edge.server.offsets.count(0) == 2


def test_a_version_that_never_fits_is_given_up_until_another_comes(edge: _Edge) -> None:
    edge.install_error = WeightsError('model', 'fast_scnn', 'other')
    edge.server.announce(_update(1))
    edge.until(lambda: edge.count('errors.bad_weights') == 3)
    edge.install_error = None
    edge.server.announce(_update(2))
    edge.until(lambda: edge.count('updates') == 1)
    assert edge.installed.get_nowait() == _update(2).manifest.version


def test_a_cut_download_goes_on_at_the_same_byte(edge: _Edge) -> None:
    update = _update(1)
    edge.server.announce(update)
    edge.until(lambda: 2048 in edge.server.offsets)
    edge.server.close()
    for _ in range(5):
        edge.executor.spin_once(timeout_sec=0.1)
    assert edge.installed.empty()
    edge.server.open()
    edge.until(lambda: edge.count('updates') == 1)
    assert edge.installed.get_nowait() == update.manifest.version
    assert edge.server.offsets.count(0) == 1


def test_an_update_above_the_limit_is_refused_before_a_byte_is_asked_for(edge: _Edge) -> None:
    huge = _update(1)
    message = manifest_to_msg(huge.manifest)
    message.size_bytes = 2**31
    edge.server.version.publish(message)
    edge.until(lambda: edge.count('errors.bad_weights') == 1)
    assert edge.server.offsets == []
