"""Follows the releases of the cloud, and pulls them chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future as InstallResult
import logging
from time import time_ns
from typing import Protocol

from rclpy.node import Node

from laecips_core.config import EdgeConfig
from laecips_core.errors import LaecipsError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.acceptance import ReleaseGuard
from laecips_core.weights.received import DeltaError
from laecips_core.weights.received import IncomingUpdate
from laecips_core.weights.received import is_child
from laecips_core.weights.received import same_release
from laecips_edge.chunk_calls import ChunkCalls
from laecips_msgs.msg import ModelVersion
from laecips_msgs.srv import GetModelUpdate
from laecips_ros import qos
from laecips_ros.conversions import manifest_from_msg
from laecips_ros.counters import Counters
from laecips_ros.steady import steady_timer

_CHECK_S = 0.25
_MAX_FAILURES = 3
_log = logging.getLogger(__name__)


class UpdateTarget(Protocol):
    """Where updates go; none of it waits."""

    @property
    def running(self) -> WeightUpdate:
        """The weights in use; a delta may start from them."""

    def install(self, incoming: IncomingUpdate) -> InstallResult[None]:
        """Unpack, check and swap; the result raises what was wrong, and nothing changed then."""

    def remember(self) -> None:
        """Keep what the guard has seen."""


class UpdateClient:
    """
    Takes the version that the cloud announces, if the guard lets it in.

    Everything here runs on the executor. The cloud may send the difference to the weights in use;
    one that fails is followed by a request for the whole. A version that fails three times beside
    is left until another is announced.

    A download goes on while versions trained from it are announced, and the newest is fetched
    after it: a cloud that releases faster than the link carries would else never be followed. Any
    other announcement, such as a withdrawal, ends it at once.
    """

    def __init__(
        self,
        node: Node,
        config: EdgeConfig,
        target: UpdateTarget,
        guard: ReleaseGuard,
        counters: Counters,
        now_ns: Callable[[], int] = time_ns,
    ) -> None:
        """
        Listen for announcements.

        :param node: the edge node.
        :param config: chunk size, deadline and size limit.
        :param target: takes complete updates.
        :param guard: judges announcements.
        :param counters: where errors are counted.
        :param now_ns: time after the Unix epoch, for expiry.
        """
        self._max_bytes = config.limits.max_update_bytes
        self._target, self._guard, self._counters = target, guard, counters
        self._now_ns = now_ns
        self._wanted: WeightManifest | None = None
        self._incoming: IncomingUpdate | None = None
        self._installing: IncomingUpdate | None = None
        self._install_result: InstallResult[None] | None = None
        self._failures, self._whole = 0, False
        self._refusal = ''
        self._calls = ChunkCalls(node, config.uplink, self._answered, counters)
        self._subscription = node.create_subscription(
            ModelVersion, 'cloud/model_version', self._announced, qos.latched()
        )
        self._timer = steady_timer(node, _CHECK_S, self._check)

    def configure(self, config: EdgeConfig) -> None:
        """
        Change chunk size and deadline from the next call on.

        :param config: checked settings.
        """
        self._calls.configure(config.uplink)

    def close(self) -> None:
        """Give the download under way up; no answer is looked at any more."""
        self._abandon()

    def facts(self) -> dict[str, object]:
        """Give what an operator wants to know: what comes in, and the last refusal."""
        incoming = self._incoming
        under_way = f'{incoming.announced.version}, byte {incoming.offset}' if incoming else 'none'
        return {'update_under_way': under_way, 'update_refused': self._refusal or 'none'}

    def _announced(self, msg: ModelVersion) -> None:
        self._collect_install()
        manifest = manifest_from_msg(msg)
        if not self._let_in(manifest):
            return
        self._target.remember()
        before, self._wanted = self._wanted, manifest
        if manifest.version == self._target.running.manifest.version:
            self._abandon()
            return
        under_way = self._incoming or self._installing
        if under_way is not None and (
            same_release(manifest, under_way.announced) or is_child(manifest, before)
        ):
            return
        self._failures, self._whole = 0, False
        self._begin(manifest)

    def _let_in(self, manifest: WeightManifest) -> bool:
        return self._passes(lambda: self._guard.check(manifest, self._now_ns()))

    def _passes(self, check: Callable[[], None]) -> bool:
        try:
            check()
        except WeightsError as error:
            self._refuse(error)
            return False
        return True

    def _begin(self, manifest: WeightManifest) -> None:
        self._abandon()
        held = None if self._whole else self._target.running
        try:
            self._incoming = IncomingUpdate(manifest, held, self._max_bytes)
        except WeightsError as error:
            self._refuse(error)
            return
        _log.info('downloading weights %s, release %d', manifest.version, manifest.release)
        self._calls.ask(self._incoming)

    def _abandon(self) -> None:
        self._incoming = None
        self._calls.abandon()

    def _answered(self, response: GetModelUpdate.Response) -> None:
        incoming = self._incoming
        if incoming is None:
            return
        try:
            if response.status != GetModelUpdate.Response.OK:
                raise WeightsError('answer to get_model_update', 'status OK', response.error)
            sent = manifest_from_msg(response.manifest)
            incoming.add(sent, response.offset, bytes(response.chunk))
        except LaecipsError as error:
            self._fail(incoming.announced, error)
            return
        if not incoming.complete:
            self._calls.ask(incoming)
            return
        self._incoming = None
        begun = incoming.announced
        if self._passes(lambda: self._guard.check_begun(begun, self._now_ns())):
            self._installing = incoming
            self._install_result = self._target.install(incoming)

    def _collect_install(self) -> None:
        installing, result = self._installing, self._install_result
        if installing is None or result is None or not result.done():
            return
        self._installing = self._install_result = None
        error = result.exception()
        if isinstance(error, Exception):
            if self._incoming is None:
                self._fail(installing.announced, error)
            else:
                self._refuse(error)
            return
        version = installing.announced.version
        self._counters.add('updates')
        _log.info('swapped to weights %s', version)
        if self._incoming is None and self._wanted and self._wanted.version != version:
            self._begin(self._wanted)  # the cloud went back while this was being installed

    def _fail(self, manifest: WeightManifest, error: Exception) -> None:
        self._refuse(error)
        if self._wanted is not None and self._wanted.version != manifest.version:
            self._failures, self._whole = 0, False
            self._begin(self._wanted)
            return
        if isinstance(error, DeltaError) and not self._whole:
            self._whole = True
        else:
            self._failures += 1
        held = None if self._whole else self._target.running
        again = self._failures < _MAX_FAILURES
        self._incoming = IncomingUpdate(manifest, held, self._max_bytes) if again else None

    def _refuse(self, error: Exception) -> None:
        self._counters.add_error(error)
        text = str(error)
        if text != self._refusal:
            _log.error('update refused: %s', text)
        self._refusal = text

    def _check(self) -> None:
        self._collect_install()
        if self._incoming is not None:
            self._calls.check(self._incoming)
