"""The torch engine: runs any segmentation network on images of any size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch import Tensor

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.frame_batch import frame_batch
from laecips_core.errors import EngineError
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
    return torch.from_numpy(frame_batch(images, input_size_px))


class TorchEdgeModel:
    """
    An edge model in plain torch on the CPU or a CUDA device.

    :param name: name in the registry.
    :param network: maps (N, 3, h, w) in [0, 255] to (N, M, h', w') logits.
    :param input_size_px: (h, w) of the network's input.
    :param device: ``cpu``, ``cuda``, or ``auto`` for CUDA where there is any.
    :param threads: of every thread that calls :meth:`predict`; 0: what torch chooses.
    """

    engine = 'torch'

    def __init__(
        self,
        name: str,
        network: nn.Module,
        input_size_px: tuple[int, int],
        device: str = 'auto',
        threads: int = 0,
    ) -> None:
        """
        Take over a network; it is put in evaluation mode.

        :raises EngineError: when torch cannot use the device.
        """
        self.name = name
        self._input_size_px, self._threads = input_size_px, threads
        self._device = _found(device)
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
        _use_threads(self._threads)
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
    :raises EngineError: when torch cannot use the device, or is to compute in fp16.
    """
    if config.precision != 'fp32':
        do = 'set it to fp32, or model.engine to onnxruntime or tensorrt'
        raise EngineError('model.precision', 'fp32 in engine torch', config.precision, do)
    _use_threads(config.threads)
    size_px = config.input_height_px, config.input_width_px
    network = network_builder(config)(classes)
    model = TorchEdgeModel(config.name, network, size_px, config.device, config.threads)
    model.load_weights(arrays)
    return model


def _use_threads(threads: int) -> None:
    # torch keeps the number for each thread that it has run in.
    if threads and torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


def _found(device: str) -> torch.device:
    cuda = torch.cuda.is_available()
    if device == 'auto':
        return torch.device('cuda' if cuda else 'cpu')
    if device == 'cpu' or (device == 'cuda' and cuda):
        return torch.device(device)
    allowed = 'one of auto, cpu, cuda' if cuda else 'one of auto, cpu: torch finds no CUDA device'
    raise EngineError('model.device', allowed, device)
