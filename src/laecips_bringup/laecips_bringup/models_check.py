"""Loads one model as a node would, and runs it on one frame."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
import time
from typing import Any

import numpy as np

from laecips_bringup.model_arguments import fitting_weights
from laecips_bringup.model_arguments import limits_of
from laecips_bringup.model_arguments import model_config
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.config import MaskConfig
from laecips_core.errors import ImageError
from laecips_core.image_codec import decode_image
from laecips_core.plug_ins import Kind
from laecips_core.registry import build_dataset
from laecips_core.registry import build_edge_model
from laecips_core.registry import build_mask_generator
from laecips_core.registry import MASK_FAMILIES
from laecips_core.registry import MASK_GENERATORS
from laecips_core.registry import network_builder
from laecips_core.setting import check_config
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode

_REPEATS, _MOST_SHOWN = 5, 6
_STATUS = Path('/proc/self/status')
_TEACHERS = ('teacher:', 'mix:')
_MASKS = Kind('masks.name', MASK_GENERATORS, 'laecips.mask_generators')


@dataclass(frozen=True)
class CheckFrame:
    """
    The frame that models are tried on.

    :param image: (H, W, 3) uint8 RGB.
    :param annotation: (H, W) uint8 class ids; None: it has none.
    """

    image: Image
    annotation: LabelMap | None


def check_frame(file: Path | None) -> CheckFrame:
    """
    Read a frame.

    :param file: jpeg, png or webp; None: the first of the simulated patrol.
    :raises ImageError: when the file cannot be read.
    """
    if file is None:
        item = build_dataset(DataSetConfig())[0]
        return CheckFrame(item.frame.image, item.labels)
    try:
        return CheckFrame(decode_image(file.read_bytes(), LimitsConfig()), None)
    except OSError as error:
        raise ImageError('file', 'one that can be read', error) from error


def check_model(name: str, arguments: Namespace, frame: CheckFrame) -> dict[str, object]:
    """
    Load a model and run it.

    :param name: as in ``model.name``, ``masks.name`` or ``labels.source``.
    :param arguments: settings of edge models; ``random``: a number of classes for random weights,
        or 0; ``prompts`` as in ``masks.prompts``.
    :param frame: what it is run on.
    :returns: what was found, by name with unit.
    :raises LaecipsError: when it cannot be loaded or run.
    """
    if is_mask_generator(name):
        config = MaskConfig(
            name=name,
            weights=arguments.weights,
            device=arguments.device,
            prompts=arguments.prompts,
        )
        check_config(config)
        return _check_masks(config, frame)
    source = next((one for one in _TEACHERS if name.startswith(one)), '')
    return _check_network(name.removeprefix(source), arguments, frame)


def is_mask_generator(name: str) -> bool:
    """
    Tell mask generators from networks.

    :param name: as in ``model.name`` or ``masks.name``.
    """
    family = name.partition(':')[0]
    return name in _MASKS.names() or family in MASK_FAMILIES


def _check_network(name: str, arguments: Namespace, frame: CheckFrame) -> dict[str, object]:
    before_mb, start_s = resident_mb(), time.perf_counter()
    if arguments.random:
        config = model_config(name, arguments, weights='random')
        names = tuple(str(number) for number in range(arguments.random))
        arrays, version = _random_arrays(config, len(names)), 'none'
    else:
        config, limits = model_config(name, arguments), limits_of(arguments)
        update = fitting_weights(config, limits)
        names, version = catalogue_of(update).names, update.manifest.version
        arrays = decode(update, limits.max_update_bytes).edge
    model = build_edge_model(config, len(names), arrays)
    load_s = time.perf_counter() - start_s
    softmax, times_s = _timed(lambda: model.predict([frame.image])[0])
    return {
        'engine and device': f'{config.engine}, {model.device}',
        'weights': f'{config.weights}, version {version}',
        'parameters (million)': sum(array.size for array in arrays.values()) / 1e6,
        'input (px)': f'{config.input_height_px} x {config.input_width_px}',
        'classes': f'{len(names)}: ' + ', '.join(names),
        'found in the frame': _shares(softmax, names),
        **_costs(before_mb, load_s, times_s),
    }


def _random_arrays(config: EdgeModelConfig, classes: int) -> WeightArrays:
    from laecips_core.models.state import arrays_of

    return arrays_of(network_builder(config)(classes))


def _shares(softmax: Softmax, names: Sequence[str]) -> str:
    counts = np.bincount(softmax.argmax(axis=0).ravel(), minlength=len(names))
    largest = [k for k in np.argsort(-counts)[:_MOST_SHOWN] if counts[k]]
    return ', '.join(f'{names[k]} {counts[k] / counts.sum():.0%}' for k in largest)


def _check_masks(config: MaskConfig, frame: CheckFrame) -> dict[str, object]:
    before_mb, start_s = resident_mb(), time.perf_counter()
    generator = build_mask_generator(config)
    load_s = time.perf_counter() - start_s
    masks, times_s = _timed(lambda: generator.masks(frame.image, frame.annotation))
    height, width = masks.size_px
    covered = np.zeros(height * width, bool)
    for start, length in zip(masks.starts, masks.lengths, strict=True):
        covered[start : start + length] = True
    return {
        'weights': config.weights or 'its own',
        'frame (px)': f'{height} x {width}',
        'masks': len(masks),
        'covered share of the frame': float(covered.mean()),
        **_costs(before_mb, load_s, times_s),
    }


def _timed(run: Callable[[], Any]) -> tuple[Any, list[float]]:
    times_s = []
    for _ in range(1 + _REPEATS):
        start_s = time.perf_counter()
        result = run()
        times_s.append(time.perf_counter() - start_s)
    return result, times_s


def _costs(before_mb: float, load_s: float, times_s: list[float]) -> dict[str, object]:
    return {
        'load (s)': load_s,
        'first frame (ms)': times_s[0] * 1e3,
        'a frame (ms)': median(times_s[1:]) * 1e3,
        'resident memory before and after (MB)': f'{before_mb:.0f}, {resident_mb():.0f}',
    }


def resident_mb() -> float:
    """Measure the memory of this process that is in RAM, in MB."""
    for line in _STATUS.read_text(encoding='utf-8').splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
