"""Pulls released weights from the cloud, chunk by chunk, and swaps to them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future as InstallResult
from concurrent.futures import ThreadPoolExecutor
import logging
from time import perf_counter

from rclpy.node import Node
from rclpy.task import Future

from laecips_core.config import EdgeConfig
from laecips_core.errors import LaecipsError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.transfer import WeightDownload
from laecips_msgs.msg import ModelVersion
from laecips_msgs.srv import GetModelUpdate
from laecips_ros import qos
from laecips_ros.conversions import manifest_from_msg
from laecips_ros.counters import Counters
from laecips_ros.steady import steady_timer

_CHECK_S = 0.25
_MAX_FAILURES = 3
_log = logging.getLogger(__name__)


class UpdateClient:
    """
    Follows the version that the cloud announces.

    Everything but ``install`` runs on the executor. A call without an answer is made again at the
    same offset after its deadline; a version that fails three times is left until another is
    announced. The running weights stay until ``install`` has succeeded.
    """

    def __init__(
        self,
        node: Node,
        config: EdgeConfig,
        start_version: str,
        install: Callable[[WeightUpdate], None],
        counters: Counters,
    ) -> None:
        """
        Listen for announcements.

        :param node: the edge node.
        :param config: chunk size, deadline and size limit.
        :param start_version: the version in use.
        :param install: checks an update and swaps to it, on a thread of its own.
        :param counters: where errors are counted.
        """
        self._config, self._max_bytes = config.uplink, config.limits.max_update_bytes
        self._install, self._counters = install, counters
        self._version = start_version
        self._download: WeightDownload | None = None
        self._call: Future | None = None
        self._call_deadline_s = 0.0
        self._failures = 0
        self._installing: WeightManifest | None = None
        self._install_result: InstallResult[None] | None = None
        self._installer = ThreadPoolExecutor(1, 'weights')
        self._client = node.create_client(GetModelUpdate, 'cloud/get_model_update')
        self._subscription = node.create_subscription(
            ModelVersion, 'cloud/model_version', self._announced, qos.latched()
        )
        self._timer = steady_timer(node, _CHECK_S, self._check)

    def close(self) -> None:
        """Wait for an install in progress; start no other."""
        self._installer.shutdown(cancel_futures=True)

    def _announced(self, msg: ModelVersion) -> None:
        self._collect_install()
        manifest = manifest_from_msg(msg)
        if manifest.version == self._version:
            self._abandon()
            return
        if manifest in (self._installing, self._download and self._download.manifest):
            return
        self._failures = 0
        self._start(manifest)

    def _start(self, manifest: WeightManifest) -> None:
        self._abandon()
        try:
            self._download = WeightDownload(manifest, self._max_bytes)
        except WeightsError as error:
            self._refuse(error)
            return
        _log.info('downloading weights %s, %d bytes', manifest.version, manifest.size_bytes)
        self._ask()

    def _abandon(self) -> None:
        self._download = None
        if self._call is not None:
            self._client.remove_pending_request(self._call)
            self._call = None

    def _ask(self) -> None:
        download = self._download
        if download is None or not self._client.service_is_ready():
            return
        request = GetModelUpdate.Request(
            version=download.manifest.version,
            sha256=download.manifest.sha256,
            offset=download.offset,
            max_bytes=self._config.chunk_bytes,
        )
        self._call_deadline_s = perf_counter() + self._config.update_deadline_s
        call: Future = self._client.call_async(request)
        self._call = call
        call.add_done_callback(self._answered)

    def _answered(self, call: Future) -> None:
        response, download = call.result(), self._download
        if download is None or self._call is not call:
            return
        self._call = None
        try:
            if response.status != GetModelUpdate.Response.OK:
                raise WeightsError('answer to get_model_update', 'status OK', response.error)
            download.add(response.offset, bytes(response.chunk))
            if not download.complete:
                self._ask()
                return
            update = download.finish()
        except LaecipsError as error:
            self._fail(download.manifest, error)
            return
        self._download, self._installing = None, update.manifest
        self._install_result = self._installer.submit(self._install, update)

    def _collect_install(self) -> None:
        manifest, result = self._installing, self._install_result
        if manifest is None or result is None or not result.done():
            return
        self._installing = self._install_result = None
        error = result.exception()
        if isinstance(error, Exception):
            if self._download is None:
                self._fail(manifest, error)
            return
        self._version = manifest.version
        self._counters.add('updates')
        _log.info('swapped to weights %s', self._version)

    def _fail(self, manifest: WeightManifest, error: Exception) -> None:
        self._refuse(error)
        self._failures += 1
        again = self._failures < _MAX_FAILURES
        self._download = WeightDownload(manifest, self._max_bytes) if again else None

    def _refuse(self, error: Exception) -> None:
        self._counters.add_error(error)
        _log.error('update refused: %s', error)

    def _check(self) -> None:
        self._collect_install()
        if self._download is None:
            return
        if self._call is None:
            self._ask()
        elif perf_counter() > self._call_deadline_s:
            self._counters.add('update_calls_timed_out')
            self._client.remove_pending_request(self._call)
            self._ask()
