"""``sam3:NAME``: SAM 3 as mask generator, for what texts name."""

from __future__ import annotations

import torch

from laecips_core.config import MaskConfig
from laecips_core.errors import ConfigError
from laecips_core.masks.automatic.candidates import from_flags
from laecips_core.masks.automatic.candidates import joined
from laecips_core.masks.automatic.generator import without_doubles
from laecips_core.masks.automatic.promptable import ImageFit
from laecips_core.masks.automatic.upsampling import Upsampler
from laecips_core.masks.sam3_model import load_texts
from laecips_core.masks.sam3_model import Sam3Texts
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet

_INSIDE = 0.5


def build(name: str, config: MaskConfig) -> TextMasks:
    """
    Build a mask generator.

    :param name: a folder, or a repository in the cache of Hugging Face.
    :param config: texts, device, precision and thresholds.
    :raises ConfigError: when there are no texts.
    :raises WeightsError: when the model is not there, damaged or incomplete.
    :raises UnknownNameError: when it is no SAM 3.
    :raises PlugInError: when transformers cannot be used.
    :raises EngineError: when the device is not there.
    """
    texts = [text.strip() for text in config.prompts.split(',') if text.strip()]
    if not texts:
        allowed = 'comma-separated texts, such as the names of your classes'
        raise ConfigError('masks.prompts', config.prompts, allowed)
    return TextMasks(f'sam3:{name}', load_texts(name, texts, config, 'masks.name'), config)


class TextMasks:
    """
    Gives the masks of everything that the texts name.

    :param name: name of the mask generator.
    :param model: a model with its texts.
    :param config: smallest score and mask, largest overlap of boxes.
    """

    def __init__(self, name: str, model: Sam3Texts, config: MaskConfig) -> None:
        """Keep the model."""
        self.name = name
        self._model = model
        self._config = config

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        """
        Cut out what the texts name; masks may overlap, and pixels may be in none.

        :param image: (H, W, 3) uint8 RGB.
        :param annotation: not read.
        :returns: best first, with the model's score; of masks of two texts with nearly the same
            box, the better one.
        """
        size_px = image.shape[0], image.shape[1]
        parts = []
        with torch.inference_mode():
            for inside, scores in self._model.found(image):
                good = scores > self._config.min_text_score
                inside, scores = inside[good], scores[good]
                fit = ImageFit(size_px, (inside.shape[1], inside.shape[2]))
                for chosen, full in Upsampler(fit, size_px, inside.device).chunks(inside):
                    parts.append(from_flags(full > _INSIDE, scores[chosen]))
            found = joined(parts, size_px, self._model.device)
            large = found.at_least(self._config.min_area_px)
            return without_doubles(large, self._config.max_box_iou).to_mask_set(self.name)
