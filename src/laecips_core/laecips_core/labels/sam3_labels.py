"""``sam3:NAME``: SAM 3 as label source, asked with the names of the classes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import LabelConfig
from laecips_core.config import MaskConfig
from laecips_core.masks.sam3_model import load_texts
from laecips_core.masks.sam3_model import Sam3Texts
from laecips_core.ports import LabelSource
from laecips_core.values import Image
from laecips_core.values import Prediction


def build(name: str, config: LabelConfig, catalogue: ClassCatalogue) -> LabelSource:
    """
    Build a label source.

    :param name: a folder, or a repository in the cache of Hugging Face.
    :param config: not read; the model runs on cuda where there is one, in float32.
    :param catalogue: the classes; a name is asked as it stands, with spaces for underscores.
    :raises WeightsError: when the model is not there, damaged or incomplete.
    :raises UnknownNameError: when it is no SAM 3.
    :raises PlugInError: when transformers cannot be used.
    """
    texts = [class_name.replace('_', ' ') for class_name in catalogue.names]
    return Sam3Labels(f'sam3:{name}', load_texts(name, texts, MaskConfig(), 'labels.source'))


class Sam3Labels:
    """
    Takes the classes from what SAM 3 finds of each.

    :param name: name of the label source.
    :param model: with one text for each class, in the order of the classes.
    """

    def __init__(self, name: str, model: Sam3Texts) -> None:
        """Keep the model."""
        self.name = name
        self._model = model

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        """
        Label a frame, see :func:`shared_out`.

        :param image: (H, W, 3) uint8 RGB.
        :param prediction: the edge model's.
        :returns: (M, h, w) class probabilities at the resolution of SAM 3's masks.
        """
        with torch.inference_mode():
            claims = torch.stack([_claim(*one) for one in self._model.found(image)])
            edge = torch.from_numpy(prediction.softmax).to(claims.device)
            softmax = shared_out(claims, edge).cpu().numpy()
        return Prediction(np.ascontiguousarray(softmax), prediction.size_px, self.name)


def shared_out(claims: Tensor, edge: Tensor) -> Tensor:
    """
    Make class probabilities of claims.

    What the strongest claim on a pixel leaves of 1 goes to the edge model's classes; then all are
    divided by their sum. So a pixel that no text claims keeps the edge's prediction, and one that
    a single text claims wholly gets its class.

    :param claims: (M, h, w) float32 in [0, 1]: how surely each class is there; they need not sum
        to 1.
    :param edge: (M, h', w') float32 class probabilities of the edge model.
    :returns: (M, h, w) float32, sums to 1 over M classes.
    """
    own = functional.interpolate(edge[None], claims.shape[1:], mode='bilinear')[0]
    mixed = claims + (1.0 - claims.amax(dim=0)) * own
    return mixed / mixed.sum(dim=0)


def _claim(inside: Tensor, scores: Tensor) -> Tensor:
    """Give (h, w): at each pixel the largest probability times score of any mask."""
    return (inside * scores[:, None, None]).amax(dim=0)
