"""The ONNX Runtime engine: runs an exported network on CPU or GPU, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
import logging

import numpy as np
import onnxruntime

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.build_ahead import built
from laecips_core.engines.frame_batch import frame_batch
from laecips_core.engines.graph_facts import INPUT
from laecips_core.engines.graph_facts import weight_places
from laecips_core.engines.graph_facts import WeightPlaces
from laecips_core.errors import EngineError
from laecips_core.values import Image
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays

_log = logging.getLogger(__name__)
_PROVIDERS = {
    'cpu': 'CPUExecutionProvider',
    'cuda': 'CUDAExecutionProvider',
    'tensorrt': 'TensorrtExecutionProvider',
}
_ERRORS_ONLY = 3


class OnnxruntimeEdgeModel:
    """
    An edge model in ONNX Runtime.

    New weights get a session of their own; the one before runs until it stands.

    :param config: name, input size, device, precision and threads.
    :param onnx: the exported network.
    :param places: where its weights lie in it.
    :param arrays: every weight by name.
    """

    engine = 'onnxruntime'

    def __init__(
        self, config: EdgeModelConfig, onnx: bytes, places: WeightPlaces, arrays: WeightArrays
    ) -> None:
        """
        Build the first session.

        :raises WeightsError: when a name or shape does not fit.
        :raises EngineError: when the device is not there, or cannot run the network.
        """
        self.name = config.name
        self._config, self._places = config, places
        self._input_size_px = config.input_height_px, config.input_width_px
        self._providers = _providers(config)
        self._onnx = places.filled(onnx, arrays)
        self._session = self._start(self._onnx)

    @property
    def device(self) -> str:
        """What the network really runs on: cpu, cuda or tensorrt."""
        running = self._session.get_providers()[0]
        return next((name for name, known in _PROVIDERS.items() if known == running), running)

    def predict(self, images: Sequence[Image]) -> Softmax:
        """
        Label a batch of images, one after the other.

        :param images: N images, each (H, W, 3) uint8 RGB.
        :returns: (N, M, h', w') float32 softmax at the network's output resolution.
        :raises ShapeError: when there is no image.
        """
        batch = np.ascontiguousarray(frame_batch(images, self._input_size_px))
        session = self._session
        maps = [session.run(None, {INPUT: batch[k : k + 1]})[0] for k in range(len(batch))]
        softmax: Softmax = maps[0] if len(maps) == 1 else np.concatenate(maps)
        return softmax

    def load_weights(self, arrays: WeightArrays) -> None:
        """
        Replace all weights; another thread may call :meth:`predict` meanwhile.

        :param arrays: every weight by name.
        :raises WeightsError: when a name or shape does not fit; the old weights stay.
        """
        onnx = self._places.filled(self._onnx, arrays)
        self._session = self._start(onnx)
        self._onnx = onnx

    def weights(self) -> WeightArrays:
        """Give copies of all weights by name."""
        return self._places.arrays(self._onnx)

    def _start(self, onnx: bytes) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._config.threads
        options.log_severity_level = _ERRORS_ONLY
        try:
            session = onnxruntime.InferenceSession(onnx, options, providers=self._providers)
        except Exception as error:  # its errors have no common type
            what = f'{self.name} in ONNX Runtime'
            raise EngineError(what, 'a network that it runs', f'[{error}]') from error
        self._check_provider(session.get_providers()[0])
        return session

    def _check_provider(self, running: str) -> None:
        """Tell when ONNX Runtime, which does so in silence, took another device."""
        if running == self._providers[0]:
            return
        expected = f'{self._providers[0]} to start'
        if self._config.device != 'auto':
            do = 'see what its libraries need, or set model.device to cpu'
            raise EngineError('model.device', expected, running, do)
        _log.warning('model.device auto: expected %s, got %s', expected, running)


def build(config: EdgeModelConfig, classes: int, arrays: WeightArrays) -> OnnxruntimeEdgeModel:
    """
    Build an edge model in ONNX Runtime; the network is exported first where it is not yet.

    :param config: network, device, precision, threads and input size.
    :param classes: number of classes M.
    :param arrays: every weight by name.
    :raises WeightsError: when a name or shape does not fit.
    :raises EngineError: when the device is not there, or the network cannot be exported or run.
    """
    _providers(config)  # before an export that may take minutes
    onnx, places = _network(config, classes)
    return OnnxruntimeEdgeModel(config, onnx, places, arrays)


@lru_cache(maxsize=1)
def _network(config: EdgeModelConfig, classes: int) -> tuple[bytes, WeightPlaces]:
    """Keep the network between updates: its file is read and checked once."""
    onnx = built(config, classes).onnx
    return onnx, weight_places(onnx)


def _providers(config: EdgeModelConfig) -> list[str]:
    """Choose what to ask ONNX Runtime for, best first."""
    there = onnxruntime.get_available_providers()
    device = config.device
    if device == 'auto':
        device = 'cuda' if _PROVIDERS['cuda'] in there else 'cpu'
    if _PROVIDERS[device] not in there:
        names = [name for name, provider in _PROVIDERS.items() if provider in there]
        do = f'choose one of auto, {", ".join(names)}, or install onnxruntime-gpu'
        raise EngineError('model.device', f'{_PROVIDERS[device]}', ', '.join(there), do)
    if config.precision == 'fp16' and device == 'cpu':
        expected = 'fp32 on a CPU, where fp16 is slower'
        raise EngineError('model.precision', expected, 'fp16', 'set it to fp32, or use a GPU')
    order = {'cpu': ['cpu'], 'cuda': ['cuda', 'cpu'], 'tensorrt': ['tensorrt', 'cuda', 'cpu']}
    return [_PROVIDERS[name] for name in order[device] if _PROVIDERS[name] in there]
