"""Downloads against a real service of our own, which can be made to misbehave."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
import hashlib
import logging
import os
from pathlib import Path
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
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.acceptance import ReleaseGuard
from laecips_core.weights.acceptance import SeenReleases
from laecips_core.weights.delta import encode_delta
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.received import IncomingUpdate
from laecips_core.weights.release_keys import write_release_keys
from laecips_core.weights.signing import ReleaseSigner
from laecips_core.weights.signing import ReleaseVerifier
from laecips_core.weights.transfer import chunk_of
from laecips_core.weights.transfer import DELTA_ENCODING
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


_CATALOGUE = ClassCatalogue(('sky', 'road'), ((1, 2, 3), (4, 5, 6)))
_NOW_NS = 1_000_000
_MAX_BYTES = _CONFIG.limits.max_update_bytes


def _update(seed: int, parent: str = '') -> WeightUpdate:
    values = np.random.default_rng(0).standard_normal((40, 40)).astype(np.float32)
    values[seed] += 1
    weights = ModelWeights({'layer': values}, {})
    return encode(weights, model='fast_scnn', catalogue=_CATALOGUE, parent=parent)


_START = _update(0)


def _delta(before: WeightUpdate, after: WeightUpdate, announced: WeightManifest) -> WeightUpdate:
    delta = encode_delta(decode(before, _MAX_BYTES), decode(after, _MAX_BYTES))
    described = replace(
        announced,
        encoding=DELTA_ENCODING,
        sha256=hashlib.sha256(delta).hexdigest(),
        size_bytes=len(delta),
    )
    return WeightUpdate(described, delta)


class _Server:
    """The cloud's half: announces and serves what the test says."""

    def __init__(self, node: Node) -> None:
        self.held: dict[str, WeightUpdate] = {}
        self.deltas: dict[tuple[str, str], WeightUpdate] = {}
        self.asked: list[tuple[str, str]] = []
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

    def offer_delta(self, before: WeightUpdate, after: WeightUpdate, to: WeightUpdate) -> None:
        """Send what leads from one to another to whoever wants the third."""
        key = to.manifest.version, before.manifest.version
        self.deltas[key] = _delta(before, after, to.manifest)

    def _sent(self, request: GetModelUpdate.Request) -> WeightUpdate:
        key = request.version, request.have_version
        if not request.offset:
            self.asked.append(key)
        return self.deltas.get(key, self.held[request.version])

    def _serve(
        self, request: GetModelUpdate.Request, response: GetModelUpdate.Response
    ) -> GetModelUpdate.Response:
        self.offsets.append(request.offset)
        update = self._sent(request)
        response.chunk = chunk_of(update, request.offset, request.max_bytes, request.sha256)
        response.offset, response.manifest = request.offset, manifest_to_msg(update.manifest)
        self.spoil(response)
        return response


class _Target:
    """The robot's half: unpacks and keeps what comes, unless the test says no."""

    def __init__(self) -> None:
        self.running = _START
        self.installed: Queue[str] = Queue()
        self.install_error: Exception | None = None
        self.remembered = 0
        self.gate: Future[None] | None = None
        self.thread = ThreadPoolExecutor(1)

    def install(self, incoming: IncomingUpdate) -> Future[None]:
        return self.thread.submit(self._install, incoming)

    def remember(self) -> None:
        self.remembered += 1

    def _install(self, incoming: IncomingUpdate) -> None:
        update = incoming.finish()
        if self.gate is not None:
            self.gate.result(_WAIT_S)
        if self.install_error is not None:
            raise self.install_error
        self.running = update
        self.installed.put(update.manifest.version)


class _Edge:
    """A client under test with a server, both on one executor."""

    def __init__(self, context: Context, key: Path | None = None) -> None:
        self.node = Node('updates', context=context)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.server = _Server(self.node)
        self.target = _Target()
        self.installed = self.target.installed
        self.counters = Counters()
        self.now_ns = _NOW_NS
        verifier = None if key is None else ReleaseVerifier(key)
        sha256 = _CATALOGUE.sha256
        self.guard = ReleaseGuard(verifier, 'fast_scnn', sha256, SeenReleases())
        self.client = UpdateClient(
            self.node, _CONFIG, self.target, self.guard, self.counters, lambda: self.now_ns
        )

    def close(self) -> None:
        self.target.thread.shutdown()
        self.executor.shutdown()
        self.node.destroy_node()

    def until(self, done: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + _WAIT_S
        while not done():
            assert time.monotonic() < ends_s
            self.executor.spin_once(timeout_sec=0.1)

    def count(self, name: str) -> int:
        return self.counters.snapshot().get(name, 0)


class _Signer:
    """The server's key, and its public half in a file."""

    def __init__(self, folder: Path) -> None:
        self.public = folder / 'pub.pem'
        write_release_keys(folder / 'key.pem', self.public)
        self._signer = ReleaseSigner(folder / 'key.pem')

    def release(
        self, seed: int, number: int, expires_ns: int = 0, parent: str = ''
    ) -> WeightUpdate:
        update = _update(seed, parent)
        signed = self._signer.sign(update.manifest, release=number, expires_ns=expires_ns)
        return WeightUpdate(signed, update.payload)


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    made = Context()
    rclpy.init(context=made, domain_id=1 + os.getpid() % 100)
    yield made
    made.try_shutdown()


@pytest.fixture
def edge(context: Context) -> Iterator[_Edge]:
    made = _Edge(context)
    yield made
    made.close()


@pytest.fixture
def signer(tmp_path: Path) -> _Signer:
    return _Signer(tmp_path)


@pytest.fixture
def guarded(context: Context, signer: _Signer) -> Iterator[_Edge]:
    made = _Edge(context, signer.public)
    yield made
    made.close()


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
    edge.target.install_error = WeightsError('model', 'fast_scnn', 'other')
    edge.server.announce(_update(1))
    edge.until(lambda: edge.count('errors.bad_weights') == 3)
    edge.target.install_error = None
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


def test_the_running_version_is_named_so_that_a_delta_can_come(edge: _Edge) -> None:
    one, two = _update(1), _update(2)
    edge.server.offer_delta(_START, one, one)
    edge.server.offer_delta(one, two, two)
    for number, update in enumerate((one, two), start=1):
        edge.server.announce(update)
        edge.until(lambda number=number: edge.count('updates') == number)
        assert edge.target.running.payload == update.payload
    versions = [of.manifest.version for of in (_START, one, two)]
    assert edge.server.asked == [(versions[1], versions[0]), (versions[2], versions[1])]
    assert edge.server.offsets == [0, 0]  # both deltas fit one chunk


def test_a_wrong_delta_is_followed_by_the_whole_at_no_cost_of_tries(edge: _Edge) -> None:
    update = _update(1)
    edge.server.offer_delta(_START, _update(2), update)
    edge.server.announce(update)
    edge.until(lambda: edge.count('updates') == 1)
    version = update.manifest.version
    assert edge.server.asked == [(version, _START.manifest.version), (version, '')]
    assert edge.count('errors.bad_delta') == 1
    assert edge.target.running.payload == update.payload


def test_a_wrong_delta_and_three_failures_end_the_tries(edge: _Edge) -> None:
    update = _update(1)
    edge.server.offer_delta(_START, _update(2), update)
    edge.server.held[update.manifest.version] = _update(2)
    edge.server.version.publish(manifest_to_msg(update.manifest))
    edge.until(lambda: edge.count('errors.bad_weights') == 3)
    for _ in range(8):
        edge.executor.spin_once(timeout_sec=0.1)
    version = update.manifest.version
    assert edge.server.asked == [(version, _START.manifest.version)] + 3 * [(version, '')]
    assert edge.target.running is _START


def test_a_delta_above_the_limit_is_refused_before_it_is_pulled(edge: _Edge) -> None:
    def spoil(response: GetModelUpdate.Response) -> None:
        response.manifest.size_bytes = _MAX_BYTES + 1

    edge.server.spoil = spoil
    edge.server.announce(_update(1))
    edge.until(lambda: edge.count('errors.bad_weights') == 3)
    assert edge.server.offsets == [0, 0, 0]
    assert edge.client.facts()['update_refused'].startswith('announced size')


def test_chunks_of_other_bytes_than_the_first_begin_again(edge: _Edge) -> None:
    def spoil(response: GetModelUpdate.Response) -> None:
        if response.offset == 1024 and not edge.count('errors.wrong_digest'):
            response.manifest.sha256 = '0' * 64

    edge.server.spoil = spoil
    edge.server.announce(_update(1))
    edge.until(lambda: edge.count('updates') == 1)
    assert edge.count('errors.wrong_digest') == 1
    assert edge.server.offsets.count(0) == 2


def test_what_was_announced_during_an_install_is_fetched_after_it(edge: _Edge) -> None:
    gate: Future[None] = Future()
    edge.target.gate = gate
    edge.server.announce(_update(1))
    edge.until(lambda: edge.client._installing is not None)
    edge.server.announce(_START)
    edge.until(lambda: edge.client._wanted.version == _START.manifest.version)
    gate.set_result(None)
    edge.until(lambda: edge.count('updates') == 2)
    assert edge.target.running.manifest.version == _START.manifest.version


def test_a_signed_release_is_installed_with_its_signature(guarded: _Edge, signer: _Signer) -> None:
    update = signer.release(1, 1, expires_ns=_NOW_NS + 1)
    guarded.server.offer_delta(_START, update, update)
    guarded.server.announce(update)
    guarded.until(lambda: guarded.count('updates') == 1)
    manifest = guarded.target.running.manifest
    assert (manifest.release, manifest.signature) == (1, update.manifest.signature)
    assert guarded.target.remembered == 1
    assert guarded.guard.seen == SeenReleases(1, manifest.version)


@pytest.mark.parametrize(
    ('made', 'code'),
    [
        (lambda signer: _update(2), 'bad_signature'),
        (lambda signer: _forged(signer.release(2, 7), release=8), 'bad_signature'),
        (lambda signer: _forged(signer.release(2, 7), tensors_sha256='0' * 64), 'bad_signature'),
        (lambda signer: signer.release(2, 7, expires_ns=_NOW_NS), 'expired_release'),
        (lambda signer: signer.release(2, 4), 'old_release'),
        (lambda signer: signer.release(2, 5), 'old_release'),
    ],
    ids=['unsigned', 'forged', 'other weights', 'expired', 'downgraded', 'same number'],
)
def test_a_release_that_must_not_run_is_refused_unasked(
    guarded: _Edge,
    signer: _Signer,
    made: Callable[[_Signer], WeightUpdate],
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    guarded.server.announce(signer.release(1, 5))
    guarded.until(lambda: guarded.count('updates') == 1)
    asked = len(guarded.server.asked)
    for _ in range(2):
        before = guarded.count(f'errors.{code}')
        with caplog.at_level(logging.ERROR):
            guarded.server.announce(made(signer))
            guarded.until(lambda before=before: guarded.count(f'errors.{code}') > before)
    assert len(guarded.server.asked) == asked
    assert guarded.target.running.manifest.version == _update(1).manifest.version
    assert caplog.text.count('update refused') == 1
    assert str(guarded.client.facts()['update_refused']) in caplog.text
    guarded.server.announce(signer.release(0, 6))
    guarded.until(lambda: guarded.count('updates') == 2)


def _forged(update: WeightUpdate, **changes: object) -> WeightUpdate:
    return WeightUpdate(replace(update.manifest, **changes), update.payload)


def test_a_replayed_release_does_not_stop_a_download(guarded: _Edge, signer: _Signer) -> None:
    old, new = signer.release(1, 1), signer.release(2, 2)
    guarded.server.announce(old)
    guarded.until(lambda: guarded.count('updates') == 1)
    calls = len(guarded.server.offsets)
    guarded.server.announce(new)
    guarded.until(lambda: 1024 in guarded.server.offsets[calls:])
    guarded.server.announce(old)
    guarded.until(lambda: guarded.count('updates') == 2)
    assert guarded.target.running.manifest.version == new.manifest.version
    assert guarded.server.offsets[calls:].count(0) == 1


def _announce_at_each_chunk(edge: _Edge, releases: list[WeightUpdate]) -> None:
    """Announce the first release, and a further one whenever a chunk was asked for."""
    edge.server.announce(releases[0])
    for number, update in enumerate(releases[1:], start=1):
        edge.until(lambda number=number: len(edge.server.offsets) >= number)
        edge.server.announce(update)
    edge.until(lambda: edge.count('updates') >= 1)


def test_releases_that_come_faster_than_a_download_do_not_starve_it(
    guarded: _Edge, signer: _Signer
) -> None:
    line = [signer.release(1, 1)]
    for number in range(2, 6):
        line.append(signer.release(number, number, parent=line[-1].manifest.version))
    _announce_at_each_chunk(guarded, line)
    assert guarded.installed.get_nowait() == line[0].manifest.version
    guarded.until(lambda: guarded.count('updates') == 2)
    assert guarded.installed.get_nowait() == line[-1].manifest.version
    assert guarded.server.offsets.count(0) == 2
    assert guarded.client.facts()['update_refused'] == 'none'


def test_a_withdrawal_ends_the_download_of_what_is_withdrawn(
    guarded: _Edge, signer: _Signer
) -> None:
    _announce_at_each_chunk(guarded, [signer.release(1, 1), signer.release(2, 2)])
    assert guarded.installed.get_nowait() == _update(2).manifest.version
    assert guarded.server.offsets.count(0) == 2


def test_a_release_no_longer_served_gives_way_to_the_newest(
    guarded: _Edge, signer: _Signer
) -> None:
    old = signer.release(1, 1)
    new = signer.release(2, 2, parent=old.manifest.version)

    def spoil(response: GetModelUpdate.Response) -> None:
        if response.manifest.version == old.manifest.version and response.offset:
            response.status, response.error = GetModelUpdate.Response.REFUSED, 'gone'

    guarded.server.spoil = spoil
    _announce_at_each_chunk(guarded, [old, new])
    assert guarded.installed.get_nowait() == new.manifest.version
    assert guarded.count('errors.bad_weights') == 1


def test_a_release_that_expires_on_the_way_is_not_installed(
    guarded: _Edge, signer: _Signer
) -> None:
    guarded.server.announce(signer.release(1, 1, expires_ns=_NOW_NS + 1))
    guarded.until(lambda: 1024 in guarded.server.offsets)
    guarded.now_ns = _NOW_NS + 1
    guarded.until(lambda: guarded.count('errors.expired_release') == 1)
    assert guarded.target.running is _START


def test_a_release_returned_from_is_refused(guarded: _Edge, signer: _Signer) -> None:
    failed = signer.release(1, 1)
    guarded.server.announce(failed)
    guarded.until(lambda: guarded.count('updates') == 1)
    guarded.target.running = _START
    guarded.guard.refuse(failed.manifest)
    guarded.server.announce(failed)
    guarded.until(lambda: guarded.count('errors.returned_release') == 1)
    guarded.server.announce(signer.release(1, 2))
    guarded.until(lambda: guarded.count('updates') == 2)
