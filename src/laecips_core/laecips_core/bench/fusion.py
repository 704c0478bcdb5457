"""How much faster fusion is than Algorithm 1 written down as it reads."""

from __future__ import annotations

from collections.abc import Callable
import statistics
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.config import FusionConfig
from laecips_core.fusion.algorithm1 import PlainFusion
from laecips_core.masks.runs import from_booleans
from laecips_core.prediction_maps import full_softmax
from laecips_core.values import LabelMap
from laecips_core.values import Prediction
from laecips_core.values import Softmax

CLASSES = 19
MASKS = 100
SIZE_PX = (1024, 2048)


def run(seed: int = 0, repeats: int = 5) -> dict[str, object]:
    """
    Time both on one frame of Cityscapes' size, 19 classes and 100 overlapping masks.

    The two take turns, so that a busy machine slows both. Each gets the masks in the form it
    likes best: boolean arrays for the loop, runs for ours; making runs is timed apart.

    :param seed: of softmax and masks.
    :param repeats: passes of each, at least 1.
    :returns: median times in s, their ``ratio`` (loop over ours, higher is better), the
        same of the fastest passes, sizes, and the share of pixels to which both give one label.
    """
    random = np.random.default_rng(seed)
    softmax = _softmax(random)
    booleans = _blobs(random)
    prediction = Prediction(softmax, SIZE_PX, 'bench')
    fuser = PlainFusion(FusionConfig())
    encode_s, masks = _timed(lambda: from_booleans(booleans, SIZE_PX, generator='blobs'))
    smaller_last = booleans[np.argsort(-masks.areas_px, kind='stable')]
    fuser.fuse(prediction, masks)
    loop_s, fusion_s = [], []
    for _ in range(repeats):
        spent_s, expected = _timed(lambda: _loop(softmax, smaller_last))
        loop_s.append(spent_s)
        spent_s, fused = _timed(lambda: fuser.fuse(prediction, masks))
        fusion_s.append(spent_s)
    loop_median_s, fusion_median_s = statistics.median(loop_s), statistics.median(fusion_s)
    return {
        'size_px': list(SIZE_PX),
        'classes': CLASSES,
        'masks': len(masks),
        'runs': len(masks.starts),
        'covered_ratio': float(booleans.any(axis=0).mean()),
        'mean_mask_ratio': float(booleans.mean()),
        'loop_s': loop_median_s,
        'fusion_s': fusion_median_s,
        'ratio': loop_median_s / fusion_median_s,
        'ratio_of_best': min(loop_s) / min(fusion_s),
        'encode_s': encode_s,
        'equal_labels_ratio': float(np.mean(expected == fused.labels)),
    }


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started_s = time.perf_counter()
    result = work()
    return time.perf_counter() - started_s, result


def _loop(softmax: Softmax, masks: NDArray[np.bool_]) -> LabelMap:
    """Run Algorithm 1 line by line, line 5 as corrected, masks in the order to be painted."""
    labels: LabelMap = softmax.argmax(axis=0).astype(np.uint8)
    for mask in masks:
        scores = np.zeros(len(softmax))
        for i in range(len(softmax)):
            scores[i] += softmax[i][mask].sum()
        labels[mask] = scores.argmax()
    return labels


def _softmax(random: np.random.Generator) -> Softmax:
    """Draw smooth class maps, as an edge model's are."""
    coarse = 2.0 * random.standard_normal((CLASSES, SIZE_PX[0] // 32, SIZE_PX[1] // 32))
    coarse = np.exp(coarse - coarse.max(axis=0))
    coarse = (coarse / coarse.sum(axis=0)).astype(np.float32)
    return full_softmax(Prediction(coarse, SIZE_PX, 'bench'))


def _blobs(random: np.random.Generator) -> NDArray[np.bool_]:
    """Draw round masks with wavy edges, 0.1 to 30 % of the image, all small sizes alike likely."""
    y, x = np.mgrid[: SIZE_PX[0], : SIZE_PX[1]].astype(np.float32)
    masks = np.empty((MASKS, *SIZE_PX), np.bool_)
    for mask in masks:
        area_px = SIZE_PX[0] * SIZE_PX[1] * np.exp(random.uniform(np.log(1e-3), np.log(0.3)))
        flatness = np.exp(random.uniform(-0.7, 0.7))
        down = (y - random.uniform(0, SIZE_PX[0])) / np.sqrt(area_px / np.pi / flatness)
        right = (x - random.uniform(0, SIZE_PX[1])) / np.sqrt(area_px / np.pi * flatness)
        angle = np.arctan2(down, right)
        edge = 1.0
        for waves, height in ((3, 0.15), (7, 0.1), (23, 0.05)):
            edge = edge + height * np.cos(waves * angle + random.uniform(0, 2 * np.pi))
        np.less(down * down + right * right, edge * edge, out=mask)
    return masks
