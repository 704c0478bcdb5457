"""The torch engine: runs any segmentation network on images of any size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import nn
from torch import Tensor

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import ShapeError
from laecips_core.models.state import arrays_of
from laecips_core.models.state import load_arrays
from laecips_core.registry import network_builder
from laecips_core.values import Image
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays


def network_input(images: Sequence[Image], input_size_px: tuple[int, int]) -> Tensor:
    """
    Resize images and stack them for a network.

    :param images: N images, each (H, W, 3) uint8 RGB; sizes may differ.
    :param input_size_px: height and width of the network's input.
    :returns: (N, 3, h, w) float32 in [0, 255], channels last in memory.
    :raises ShapeError: when there is no image.
    """
    if not images:
        raise ShapeError('images', 'at least one (H, W, 3)', 'none')
    height, width = input_size_px
    small = [cv2.resize(i, (width, height), interpolation=cv2.INTER_AREA) for i in images]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float()


class TorchEdgeModel:
    """
    An edge model in plain torch on the CPU or a CUDA device.

    :param name: name in the registry.
    :param network: maps (N, 3, h, w) in [0, 255] to (N, M, h', w') logits.
    :param input_size_px: (h, w) of the network's input.
    """

    def __init__(self, name: str, network: nn.Module, input_size_px: tuple[int, int]) -> None:
        """Take over a network; it is put in evaluation mode."""
        self.name = name
        self._input_size_px = input_size_px
        self._device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        network = network.to(self._device).eval()
        # torch's annotations lack this form of to().
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def device(self) -> str:
        """The device in use, as torch names it."""
        return str(self._device)

    def predict(self, images: Sequence[Image]) -> Softmax:
        """
        Label a batch of images.

        :param images: N images, each (H, W, 3) uint8 RGB.
        :returns: (N, M, h', w') float32 softmax at the network's output resolution.
        :raises ShapeError: when there is no image.
        """
        with torch.inference_mode():
            batch = network_input(images, self._input_size_px).to(self._device)
            softmax: Softmax = self._network(batch).softmax(dim=1).contiguous().cpu().numpy()
        return softmax

    def load_weights(self, arrays: WeightArrays) -> None:
        """
        Replace all weights.

        :param arrays: every tensor of the network by name.
        :raises WeightsError: when a name or shape does not fit; the old weights stay.
        """
        load_arrays(self._network, arrays)

    def weights(self) -> WeightArrays:
        """Give copies of all weights by name."""
        return arrays_of(self._network)


def build(config: EdgeModelConfig, classes: int, arrays: WeightArrays) -> TorchEdgeModel:
    """
    Build an edge model in torch.

    :param config: network, device and input size.
    :param classes: number of classes M.
    :param arrays: every tensor of the network by name.
    :raises WeightsError: when a tensor does not fit the network.
    """
    size_px = config.input_height_px, config.input_width_px
    model = TorchEdgeModel(config.name, network_builder(config)(classes), size_px)
    model.load_weights(arrays)
    return model
