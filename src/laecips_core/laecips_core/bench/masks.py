"""How much faster our automatic masks are than those of segment-anything's own generator."""

from __future__ import annotations

from collections.abc import Callable
import statistics
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch

from laecips_core.bench.lifelike_sam import lifelike_sam
from laecips_core.bench.lifelike_sam import small_sizes
from laecips_core.config import MaskConfig
from laecips_core.masks.automatic.generator import AutomaticMasks
from laecips_core.masks.runs import to_booleans
from laecips_core.masks.sam_model import SamModel
from laecips_core.models.torchvision_import import import_torchvision
from laecips_core.models.torchvision_import import stands_in
from laecips_core.values import Image

SIZE_PX = (360, 480)
POINTS_PER_SIDE = 32
PROMPT_WIDTH = 256
INPUT_PX = 256
MIN_STABILITY = 0.85
SAME_IOU = 0.99


def run(seed: int = 0, repeats: int = 3) -> dict[str, object]:
    """
    Time both on one image with one SAM, on the CPU with as many threads as torch is set to.

    The SAM has a decoder of the published width and, as what is compared comes after it, next to
    no image encoder, for an input of 256 px; its weights are random, see :func:`lifelike_sam`.
    Both get the same weights and thresholds, and take turns. Stability is asked for less than
    usual, so that a realistic number of masks is kept.

    :param seed: of weights and image.
    :param repeats: passes of each, at least 1.
    :returns: median times in s, their ``ratio`` (stock over ours, higher is better), masks of
        each, ``matched_ratio``: the share of all masks that have one of IoU 0.99 or more in the
        other set, mean runs of a mask, and which nms both used.
    """
    image = _image(seed)
    settings = MaskConfig(
        device='cpu', points_per_side=POINTS_PER_SIDE, min_stability=MIN_STABILITY, min_area_px=1
    )
    sizes = small_sizes(PROMPT_WIDTH, INPUT_PX)
    stock = stock_generator(lifelike_sam(sizes, image, seed), settings)
    # A model of its own, with the same weights: ours changes how its image encoder attends.
    model = SamModel('bench', lifelike_sam(sizes, image, seed), settings)
    ours = AutomaticMasks(model, settings)
    stock_s, ours_s = [], []
    for _ in range(repeats):
        spent_s, expected = _timed(lambda: stock.generate(image))
        stock_s.append(spent_s)
        spent_s, found = _timed(lambda: ours.masks(image))
        ours_s.append(spent_s)
    times = _times(stock_s, ours_s)
    return times | {
        'size_px': list(SIZE_PX),
        'points': POINTS_PER_SIDE**2,
        'threads': torch.get_num_threads(),
        'stock_masks': len(expected),
        'masks': len(found),
        'matched_ratio': matched_ratio(
            [np.asarray(one['segmentation']) for one in expected], list(to_booleans(found))
        ),
        'runs_per_mask': len(found.starts) / max(1, len(found)),
        'nms': 'ours' if stands_in() else 'torchvision',
    }


def _times(stock_s: list[float], ours_s: list[float]) -> dict[str, object]:
    stock_median_s, ours_median_s = statistics.median(stock_s), statistics.median(ours_s)
    return {
        'stock_s': stock_median_s,
        'ours_s': ours_median_s,
        'ratio': stock_median_s / ours_median_s,
        'ratio_of_best': min(stock_s) / min(ours_s),
    }


def matched_ratio(
    first: list[NDArray[np.bool_]], second: list[NDArray[np.bool_]], same_iou: float = SAME_IOU
) -> float:
    """
    Compare two sets of masks.

    :param first: boolean masks of one size.
    :param second: the same.
    :param same_iou: IoU from which two masks are the same.
    :returns: share of all masks that have the same in the other set, in [0, 1]; 1 when both sets
        are empty.
    """
    if not first and not second:
        return 1.0
    if not first or not second:
        return 0.0
    one, two = (
        np.stack(masks).reshape(len(masks), -1).astype(np.float32) for masks in (first, second)
    )
    shared = one @ two.T
    union = one.sum(axis=1)[:, None] + two.sum(axis=1)[None] - shared
    same = shared >= same_iou * union
    matched = same.any(axis=1).sum() + same.any(axis=0).sum()
    return float(matched) / (len(first) + len(second))


def stock_generator(sam: Any, settings: MaskConfig) -> Any:
    """
    Build segment-anything's own generator.

    :param sam: a ``Sam``.
    :param settings: grid, batch and thresholds.
    """
    import_torchvision()
    from segment_anything import SamAutomaticMaskGenerator

    return SamAutomaticMaskGenerator(
        sam,
        points_per_side=settings.points_per_side,
        points_per_batch=settings.points_per_batch,
        pred_iou_thresh=settings.min_predicted_iou,
        stability_score_thresh=settings.min_stability,
        stability_score_offset=settings.stability_offset,
        box_nms_thresh=settings.max_box_iou,
    )


def _image(seed: int) -> Image:
    """Draw 40 cells of one colour each."""
    random = np.random.default_rng(seed)
    centres, colours = random.random((40, 2)) * SIZE_PX, random.integers(0, 256, (40, 3), np.uint8)
    y, x = np.mgrid[: SIZE_PX[0], : SIZE_PX[1]]
    distances = (y[..., None] - centres[:, 0]) ** 2 + (x[..., None] - centres[:, 1]) ** 2
    return np.asarray(colours[distances.argmin(axis=2)], np.uint8)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started_s = time.perf_counter()
    result = work()
    return time.perf_counter() - started_s, result
