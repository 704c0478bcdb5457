"""How fast and how lean each engine runs the default edge model on this machine."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace
import json
import statistics
import subprocess
import sys
import time

import numpy as np

from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_core.engines.build_ahead import build_engine
from laecips_core.pipeline.parts import start_weights
from laecips_core.ports import EdgeModel
from laecips_core.prediction_maps import running_top
from laecips_core.registry import build_edge_model
from laecips_core.values import Image
from laecips_core.values import WeightArrays
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode

ENGINES = ('torch', 'onnxruntime')
FRAMES = 8
_DEADLINE_S = 300.0
_CHANGE = 0.02
_FRAMES_PER_UPDATE = 10


def run(
    config: EdgeModelConfig | None = None, threads: int = 1, repeats: int = 100
) -> dict[str, object]:
    """
    Time both engines on frames of the patrol, and the start of an edge in each.

    The two take turns, so that a busy machine slows both. Both run on the CPU.

    :param config: network, weights and input size; None: the defaults.
    :param threads: of each engine, at least 1.
    :param repeats: frames of each, at least 1.
    :returns: median times of a frame in s, their ratio ``onnxruntime_over_torch`` (speed, higher
        is better), median time of an update in s and in frames, share of pixels to which both give
        one label, the smaller of before and after an update; for each engine the time from the
        start of a process to its first answer, its resident memory then, and whether torch was
        imported.
    """
    config = replace(config or EdgeModelConfig(), threads=threads, device='cpu')
    limits = LimitsConfig()
    update = start_weights(config, limits)
    arrays, classes = decode(update, limits.max_update_bytes).edge, len(catalogue_of(update))
    build_engine(replace(config, engine='onnxruntime'), classes, lambda _: None)
    models = {e: build_edge_model(replace(config, engine=e), classes, arrays) for e in ENGINES}
    images = _images()
    equal_ratio = _equal_ratio(models, images)
    times_s = _times_s(
        {
            **{name: _passes(model, images) for name, model in models.items()},
            'update': _updates(replace(config, engine='onnxruntime'), classes, arrays),
        },
        repeats,
    )
    for model in models.values():
        model.load_weights(_changed(arrays))
    figures: dict[str, object] = {
        'onnxruntime_over_torch': times_s['torch'] / times_s['onnxruntime'],
        'torch_frame_s': times_s['torch'],
        'onnxruntime_frame_s': times_s['onnxruntime'],
        'update_s': times_s['update'],
        'update_over_frame': times_s['update'] / times_s['onnxruntime'],
        'equal_labels_ratio': min(equal_ratio, _equal_ratio(models, images)),
        'threads': threads,
        'input_size_px': [config.input_height_px, config.input_width_px],
    }
    for engine in ENGINES:
        started = start_of(replace(config, engine=engine))
        figures |= {f'{engine}_{name}': fact for name, fact in started.items()}
    return figures


def start_of(config: EdgeModelConfig) -> dict[str, object]:
    """
    Start an edge in a process of its own and let it label one frame.

    :param config: the edge model; what its engine runs is built already.
    :returns: ``start_s``, from the start of the process to the answer, ``resident_mb`` then, and
        ``torch_imported``.
    """
    begun_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, '-m', 'laecips_core.bench.edge_process'],
        input=json.dumps(vars(config)),
        capture_output=True,
        text=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f'the edge with engine {config.engine} failed: {done.stderr}')
    told = json.loads(done.stdout.splitlines()[-1])
    return {'start_s': told.pop('answered_s') - begun_s, **told}


def _images() -> list[Image]:
    patrol = Patrol(DataSetConfig(frames=FRAMES))
    return [patrol[k].frame.image for k in range(len(patrol))]


def _passes(model: EdgeModel, images: Sequence[Image]) -> Callable[[int], object]:
    return lambda k: model.predict([images[k % len(images)]])


def _updates(
    config: EdgeModelConfig, classes: int, arrays: WeightArrays
) -> Callable[[int], object]:
    """Do what an edge does with the numbers of an update, every so many frames."""

    def update(k: int) -> object:
        if k % _FRAMES_PER_UPDATE:
            return None
        return build_edge_model(config, classes, arrays)

    return update


def _times_s(work: dict[str, Callable[[int], object]], repeats: int) -> dict[str, float]:
    """Give median times of what takes turns; a turn without a result does not count."""
    spent_s: dict[str, list[float]] = {name: [] for name in work}
    for k in range(repeats):
        for name, do in work.items():
            started_s = time.perf_counter()
            result = do(k)
            if result is not None:
                spent_s[name].append(time.perf_counter() - started_s)
    return {name: statistics.median(times_s) for name, times_s in spent_s.items()}


def _equal_ratio(models: dict[str, EdgeModel], images: Sequence[Image]) -> float:
    shares = []
    for image in images:
        ours, theirs = (running_top(models[e].predict([image])[0])[0] for e in ENGINES)
        shares.append(np.mean(ours == theirs))
    return float(np.mean(shares))


def _changed(arrays: WeightArrays) -> WeightArrays:
    random = np.random.default_rng(0)
    return {
        name: (array * random.normal(1.0, _CHANGE, array.shape)).astype(array.dtype)
        for name, array in arrays.items()
    }
