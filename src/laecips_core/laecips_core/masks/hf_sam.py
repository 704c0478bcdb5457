"""``hf-sam:NAME``: SAM, SAM-HQ and SAM 2 of transformers as mask generators."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from laecips_core.config import MaskConfig
from laecips_core.masks.automatic.generator import AutomaticMasks
from laecips_core.masks.automatic.promptable import EncodedImage
from laecips_core.masks.automatic.promptable import good_enough
from laecips_core.masks.automatic.promptable import ImageFit
from laecips_core.masks.hf_loading import load_model
from laecips_core.masks.hf_loading import load_processor
from laecips_core.masks.placement import compile_forward
from laecips_core.masks.placement import device_of
from laecips_core.masks.placement import exact
from laecips_core.masks.placement import numbers_of
from laecips_core.models.hf_folder import folder_of
from laecips_core.values import Image

KINDS = {
    'sam': 'SamModel',
    'sam_hq': 'SamHQModel',
    'sam2': 'Sam2Model',
    'sam2_video': 'Sam2Model',
}
"""By ``model_type`` in config.json; the SAM 2.1 repositories say sam2_video."""


def build(name: str, config: MaskConfig) -> AutomaticMasks:
    """
    Build a mask generator.

    :param name: a folder, or a repository in the cache of Hugging Face.
    :param config: device, precision, grid and thresholds.
    :raises WeightsError: when the model is not there, damaged or incomplete.
    :raises UnknownNameError: when it is no SAM that can be asked with points.
    :raises PlugInError: when transformers cannot be used.
    :raises EngineError: when the device is not there.
    """
    whole, folder = f'hf-sam:{name}', folder_of('hf-sam', name)
    device_of(config)  # before weights are read
    model = load_model(whole, folder, KINDS, config.attention, 'masks.name')
    processor = load_processor('AutoImageProcessor', whole, folder)
    return AutomaticMasks(HfSamModel(whole, model, processor, config), config)


class HfSamModel:
    """
    A SAM of transformers that gives several masks for each point.

    :param name: name of the mask generator.
    :param model: a ``SamModel``, ``SamHQModel`` or ``Sam2Model``; it is changed as the settings
        say.
    :param processor: its image processor.
    :param config: device, precision and whether to compile.
    :raises EngineError: when the device is not there.
    """

    mask_threshold = 0.0

    def __init__(self, name: str, model: Any, processor: Any, config: MaskConfig) -> None:
        """Put the model on its device."""
        self.name = name
        self.device = device_of(config)
        self._model = model.to(self.device)
        self._processor = processor
        self._numbers = numbers_of(config, self.device)
        for positions in (model.shared_image_embedding, model.prompt_encoder.shared_embedding):
            positions.forward = exact(self.device, positions.forward)
        if config.compile:
            compile_forward(model.vision_encoder)

    def encode(self, image: Image) -> EncodedImage:
        """
        Run the image encoder.

        :param image: (H, W, 3) uint8 RGB.
        """
        prepared = self._processor(images=image, return_tensors='pt')
        batch = prepared['pixel_values'].to(self.device)
        with self._numbers:
            features = self._model.get_image_embeddings(batch)
        coarse = self._model.get_image_wide_positional_embeddings().shape[2:]
        mask_px = 4 * coarse[0], 4 * coarse[1]
        input_px = batch.shape[2], batch.shape[3]
        if 'reshaped_input_sizes' not in prepared:
            return EncodedImage(features, ImageFit(input_px, mask_px))
        height, width = prepared['reshaped_input_sizes'][0].tolist()
        return EncodedImage(features, ImageFit((height, width), mask_px, input_px))

    def decode(
        self, encoded: EncodedImage, points: Tensor, min_predicted_iou: float
    ) -> tuple[Tensor, Tensor]:
        """
        Give the good masks for points.

        :param encoded: the image.
        :param points: (P, 2) float64 as x, y in pixels of the input.
        :param min_predicted_iou: see :func:`good_enough`.
        :returns: (K, h, w) float32 logits and (K,) float32 predicted IoU.
        """
        features, more = encoded.features, {}
        if isinstance(features, tuple):  # SAM-HQ also needs what its encoder saw on the way
            features, more['intermediate_embeddings'] = features
        asked = points.float()[None, :, None]
        labels = torch.ones(asked.shape[:3], dtype=torch.int64, device=self.device)
        with self._numbers:
            answer = self._model(
                image_embeddings=features, input_points=asked, input_labels=labels, **more
            )
        predicted_iou = answer.iou_scores[0].float()
        keep = good_enough(predicted_iou, min_predicted_iou)
        return answer.pred_masks[0][keep].float(), predicted_iou[keep]
