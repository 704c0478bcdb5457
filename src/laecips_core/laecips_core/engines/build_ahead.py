"""
Builds what an engine runs, or finds it where it was built before.

For each engine:

- ``torch``: nothing is built;
- ``onnxruntime``: the network exported to ONNX (see ``graph_facts.py``), in a process of its own,
  so that this one never imports torch;
- ``tensorrt``: a plan, by ``tensorrt_engine.build_plan(onnx: bytes, config: EdgeModelConfig,
  progress: Progress) -> bytes`` from that ONNX file, in this process. Its key has what
  ``tensorrt_engine.library_version() -> str`` and ``tensorrt_engine.device_kind() -> str`` give.

``tensorrt_engine.build(config, classes, arrays)`` calls :func:`built` for both: its ``onnx`` is
what a refit by name reads (:meth:`laecips_core.engines.graph_facts.WeightPlaces.filled`), its
``engine`` is the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
import logging
from pathlib import Path

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.engine_cache import engine_folder
from laecips_core.engines.engine_cache import EngineCache
from laecips_core.engines.engine_cache import EngineKey
from laecips_core.engines.engine_cache import onnx_key
from laecips_core.engines.export_call import exported
from laecips_core.errors import EngineError

Progress = Callable[[str], None]
"""Told what is being done, in a few words, each time that something new begins."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Built:
    """
    What an engine runs.

    :param path: the file that the engine runs.
    :param engine: its bytes.
    :param onnx: bytes of the exported network; those of ``engine`` for onnxruntime.
    """

    path: Path
    engine: bytes
    onnx: bytes


def build_engine(config: EdgeModelConfig, classes: int, progress: Progress) -> Path:
    """
    Build the file that an engine runs, unless it is there.

    :param config: network, engine, input size, precision and folder.
    :param classes: number of classes M.
    :param progress: told what is being done.
    :returns: where the file lies.
    :raises EngineError: when the engine needs no file, or it cannot be built here.
    :raises ConfigError: when the class map cannot be read.
    """
    return built(config, classes, progress).path


def built(config: EdgeModelConfig, classes: int, progress: Progress = _log.info) -> Built:
    """
    Give what an engine runs; built first where it is not there, or damaged.

    :param config: network, engine, input size, precision and folder.
    :param classes: number of classes M.
    :param progress: told what is being done; a log by default.
    :raises EngineError: when the engine needs no file, or it cannot be built here.
    :raises ConfigError: when the class map cannot be read.
    """
    if config.engine == 'torch':
        raise EngineError('model.engine', 'onnxruntime or tensorrt to build ahead', 'torch')
    cache, key = EngineCache(engine_folder(config)), onnx_key(config, classes)
    onnx = cache.read(key)
    if onnx is None:
        progress(f'exporting {config.name} to {cache.path(key)}')
        onnx, notes = exported(config, classes, cache.path(key))
        cache.write(key, onnx, notes)
    if config.engine == 'onnxruntime':
        return Built(cache.path(key), onnx, onnx)
    return _plan(config, cache, key, onnx, progress)


def _plan(
    config: EdgeModelConfig, cache: EngineCache, key: EngineKey, onnx: bytes, progress: Progress
) -> Built:
    from laecips_core.engines import tensorrt_engine

    library, device = tensorrt_engine.library_version(), tensorrt_engine.device_kind()
    key = replace(key, kind='tensorrt', library=library, device=device)
    plan = cache.read(key)
    if plan is None:
        progress(f'building {cache.path(key)} with TensorRT {library} for {device}')
        plan = tensorrt_engine.build_plan(onnx, config, progress)
        cache.write(key, plan, {'tensorrt': library, 'device': device})
    return Built(cache.path(key), plan, onnx)
