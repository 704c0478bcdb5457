"""Puts the edge together from configuration."""

from __future__ import annotations

from dataclasses import dataclass
import logging

from laecips_core.config import EdgeConfig
from laecips_core.pipeline.edge import EdgePipeline
from laecips_core.pipeline.parts import PartsBuilder
from laecips_core.pipeline.parts import start_weights
from laecips_core.registry import build_controller
from laecips_core.setting import check_config
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import catalogue_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Edge:
    """
    Everything the edge node runs.

    :param pipeline: the pass over a frame.
    :param parts: makes updates ready to run.
    :param start: the weights it started with.
    :param device: what the model runs on.
    """

    pipeline: EdgePipeline
    parts: PartsBuilder
    start: WeightUpdate
    device: str


def build_edge(config: EdgeConfig) -> Edge:
    """
    Build the edge from its configuration.

    :raises ConfigError: when a value is not allowed.
    :raises WeightsError: when the weights are missing, damaged, or do not fit.
    """
    check_config(config)
    start = start_weights(config.model, config.limits)
    parts = PartsBuilder(config.model, config.miner, config.limits, catalogue_of(start))
    running = parts.load(start)
    controller = build_controller(config.controller, config.miner.threshold)
    pipeline = EdgePipeline(running, controller)
    _log.info(
        'edge model %s on %s, weights %s, miner %s with threshold %g, controller %s',
        running.model.name,
        running.model.device,
        running.weights_version,
        running.miner.name,
        config.miner.threshold,
        controller.name,
    )
    return Edge(pipeline, parts, start, running.model.device)
