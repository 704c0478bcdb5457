"""Puts the edge together from configuration."""

from __future__ import annotations

from dataclasses import dataclass
import logging
from pathlib import Path

from laecips_core.config import EdgeConfig
from laecips_core.config import InstallConfig
from laecips_core.engines.device_warning import device_warning
from laecips_core.errors import ConfigError
from laecips_core.pipeline.edge import EdgePipeline
from laecips_core.pipeline.parts import PartsBuilder
from laecips_core.pipeline.parts import start_weights
from laecips_core.pipeline.start_edge import LoadedWeights
from laecips_core.pipeline.start_edge import StartChoice
from laecips_core.registry import build_controller
from laecips_core.setting import check_config
from laecips_core.values import WeightUpdate
from laecips_core.weights.acceptance import ReleaseGuard
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.installed import InstalledWeights
from laecips_core.weights.signing import ReleaseVerifier

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Edge:
    """
    Everything the edge node runs.

    :param pipeline: the pass over a frame.
    :param parts: makes updates ready to run.
    :param start: the proven weights it started with.
    :param guard: judges announcements.
    :param installed: the weights on the disk.
    :param trial: newer weights from the disk that are to run on probation; None: none.
    """

    pipeline: EdgePipeline
    parts: PartsBuilder
    start: WeightUpdate
    guard: ReleaseGuard
    installed: InstalledWeights
    trial: LoadedWeights | None

    @property
    def device(self) -> str:
        """What the model really runs on."""
        return self.pipeline.running.parts.model.device

    def facts(self) -> dict[str, object]:
        """Give what an operator wants to know: what really runs the model, and on what."""
        model = self.pipeline.running.parts.model
        return {
            'engine': model.engine,
            'device': model.device,
            'device_warning': device_warning(self.parts.model, model.engine, model.device),
        }


def build_edge(config: EdgeConfig) -> Edge:
    """
    Build the edge from its configuration.

    :raises ConfigError: when a value is not allowed, the release key is none, or there is one and
        no folder.
    :raises WeightsError: when the weights are missing, damaged, or do not fit, or
        ``updates.folder`` cannot be used.
    :raises EngineError: when the engine or the device is not there, or cannot run the model.
    """
    check_config(config)
    configured = start_weights(config.model, config.limits)
    parts = PartsBuilder(config.model, config.miner, config.limits, catalogue_of(configured))
    installed = InstalledWeights(_folder(config.updates.folder), config.limits.max_update_bytes)
    guard = ReleaseGuard(
        _verifier(config.updates),
        config.model.name,
        parts.catalogue.sha256,
        installed.state.seen,
    )
    start = StartChoice(configured, parts, installed, guard).choose()
    running = start.proven.parts
    controller = build_controller(config.controller, config.miner.threshold)
    pipeline = EdgePipeline(running, controller)
    _log.info(
        'edge model %s in %s on %s, weights %s, miner %s with threshold %g, controller %s',
        running.model.name,
        running.model.engine,
        running.model.device,
        running.weights_version,
        running.miner.name,
        config.miner.threshold,
        controller.name,
    )
    return Edge(pipeline, parts, start.proven.update, guard, installed, start.trial)


def _folder(name: str) -> Path | None:
    if not name:
        return None
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        allowed = 'a path with a known home folder'
        raise ConfigError('updates.folder', name, allowed) from error


def _verifier(config: InstallConfig) -> ReleaseVerifier | None:
    if not config.release_key:
        _log.info('updates.release_key is empty: updates are taken without a signature')
        return None
    verifier = ReleaseVerifier(Path(config.release_key).expanduser())
    if not config.folder:
        allowed = 'a folder where updates.release_key is set: it keeps the newest release number'
        raise ConfigError('updates.folder', config.folder, allowed)
    return verifier
