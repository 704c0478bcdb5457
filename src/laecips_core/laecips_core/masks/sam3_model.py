"""SAM 3 of transformers: finds everything that a text names."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from laecips_core.config import MaskConfig
from laecips_core.masks.hf_loading import load_model
from laecips_core.masks.hf_loading import load_processor
from laecips_core.masks.placement import compile_forward
from laecips_core.masks.placement import device_of
from laecips_core.masks.placement import numbers_of
from laecips_core.models.hf_folder import folder_of
from laecips_core.values import Image

KINDS = {'sam3': 'Sam3Model', 'sam3_video': 'Sam3Model'}
"""By ``model_type`` in config.json; the published repository says sam3_video."""


class Sam3Texts:
    """
    A SAM 3 with the texts that it is always asked; they are encoded once.

    :param model: a ``Sam3Model``.
    :param processor: its ``Sam3Processor``.
    :param texts: at least one.
    :param config: device, precision and whether to compile.
    :raises EngineError: when the device is not there.
    """

    def __init__(
        self, model: Any, processor: Any, texts: Sequence[str], config: MaskConfig
    ) -> None:
        """Put the model on its device and encode the texts."""
        self.device = device_of(config)
        self._model = model.to(self.device)
        self._processor = processor
        self._numbers = numbers_of(config, self.device)
        if config.compile:
            compile_forward(model.vision_encoder)
        self._texts = [self._encoded(text) for text in texts]

    def found(self, image: Image) -> Iterator[tuple[Tensor, Tensor]]:
        """
        Look for each text.

        :param image: (H, W, 3) uint8 RGB.
        :returns: for each text in turn (Q, h, w) float32 probabilities of each pixel to be in each
            of Q masks that cover the image, and (Q,) float32 scores in [0, 1].
        """
        prepared = self._processor(images=image, return_tensors='pt')
        batch = prepared['pixel_values'].to(self.device)
        with torch.inference_mode(), self._numbers:
            seen = self._model.get_vision_features(pixel_values=batch)
        for words, encoded in self._texts:
            with torch.inference_mode(), self._numbers:
                answer = self._model(vision_embeds=seen, text_embeds=encoded, attention_mask=words)
            # The score of a mask, if there is anything, times that there is something.
            there = answer.presence_logits.float().sigmoid()
            scores = answer.pred_logits.float().sigmoid() * there
            yield answer.pred_masks[0].float().sigmoid(), scores[0]

    def _encoded(self, text: str) -> tuple[Tensor, Any]:
        asked = self._processor(text=[text], return_tensors='pt').to(self.device)
        with torch.inference_mode(), self._numbers:
            encoded = self._model.get_text_features(
                input_ids=asked['input_ids'], attention_mask=asked['attention_mask']
            )
        return asked['attention_mask'], encoded


def load_texts(name: str, texts: Sequence[str], config: MaskConfig, setting: str) -> Sam3Texts:
    """
    Load a SAM 3 for some texts.

    :param name: a folder, or a repository in the cache of Hugging Face.
    :param texts: at least one.
    :param config: device, precision, attention and whether to compile.
    :param setting: full name of the setting that chose the model, for errors.
    :raises WeightsError: when the model is not there, damaged or incomplete.
    :raises UnknownNameError: when it is no SAM 3.
    :raises PlugInError: when transformers cannot be used.
    :raises EngineError: when the device is not there.
    """
    whole, folder = f'sam3:{name}', folder_of('sam3', name)
    device_of(config)  # before weights are read
    model = load_model(whole, folder, KINDS, config.attention, setting)
    return Sam3Texts(model, load_processor('Sam3Processor', whole, folder), texts, config)
