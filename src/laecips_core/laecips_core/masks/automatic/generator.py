"""The automatic path: every mask of an image, of any model that can be asked with points."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from laecips_core.config import MaskConfig
from laecips_core.masks.automatic.candidates import Candidates
from laecips_core.masks.automatic.candidates import from_flags
from laecips_core.masks.automatic.candidates import joined
from laecips_core.masks.automatic.pixels import stability
from laecips_core.masks.automatic.point_grid import point_grid
from laecips_core.masks.automatic.promptable import EncodedImage
from laecips_core.masks.automatic.promptable import PromptableModel
from laecips_core.masks.automatic.upsampling import Upsampler
from laecips_core.models.torchvision_import import import_torchvision
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet


class AutomaticMasks:
    """
    Asks a model with a grid of points and keeps the masks that are good, stable and not double.

    The masks are those of segment-anything's generator with one crop. The filter by predicted IoU
    comes before masks are scaled up, and only masks that passed the filter by stability become
    runs; what reaches the CPU are the runs of the masks that are given back. One difference:
    ``min_area_px`` leaves small masks out, before doubles are looked for, where
    ``min_mask_region_area`` of segment-anything fills holes and removes islands.

    :param model: the model.
    :param config: grid, batch and thresholds.
    """

    def __init__(self, model: PromptableModel, config: MaskConfig) -> None:
        """Keep the model."""
        self.name = model.name
        self._model = model
        self._config = config

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        """
        Cut an image into masks; they may overlap, and pixels may be in none.

        :param image: (H, W, 3) uint8 RGB.
        :param annotation: not read.
        :returns: best first, with the predicted IoU as score.
        """
        size_px = image.shape[0], image.shape[1]
        with torch.inference_mode():
            encoded = self._model.encode(image)
            upsampler = Upsampler(encoded.fit, size_px, self._model.device)
            found: list[Candidates] = []
            for logits, scores in self._decoded(encoded):
                found.extend(self._stable(logits, scores, upsampler))
            stable = joined(found, size_px, self._model.device)
            large = stable.at_least(self._config.min_area_px)
            return without_doubles(large, self._config.max_box_iou).to_mask_set(self.name)

    def _decoded(self, encoded: EncodedImage) -> Iterator[tuple[Tensor, Tensor]]:
        points = point_grid(self._config.points_per_side, encoded.fit).to(self._model.device)
        for batch in torch.split(points, self._config.points_per_batch):
            yield self._model.decode(encoded, batch, self._config.min_predicted_iou)

    def _stable(
        self, logits: Tensor, scores: Tensor, upsampler: Upsampler
    ) -> Iterator[Candidates]:
        threshold, offset = self._model.mask_threshold, self._config.stability_offset
        for chosen, full in upsampler.chunks(logits):
            keep = stability(full, threshold, offset) >= self._config.min_stability
            yield from_flags(full[keep] > threshold, scores[chosen][keep])


def without_doubles(candidates: Candidates, max_box_iou: float) -> Candidates:
    """
    Leave out masks whose box is nearly that of a better one.

    :param candidates: of one image.
    :param max_box_iou: IoU of the boxes above which two masks are doubles.
    :returns: the others, best first.
    """
    boxes = candidates.boxes()
    return candidates.chosen(import_torchvision().ops.nms(boxes, candidates.scores, max_box_iou))
