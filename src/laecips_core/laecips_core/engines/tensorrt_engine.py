"""
The TensorRT engine: runs a plan on an NVIDIA GPU, with device memory through pycuda.

Importing this file imports TensorRT and pycuda and takes the GPU, or says what is missing. It has
not run on a device yet: the calls are checked against the bindings' own names and signatures, and
the logic around them is tested (``test/engines/test_tensorrt_calls.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.buffer_plan import buffer_plan
from laecips_core.engines.buffer_plan import EngineTensor
from laecips_core.engines.build_ahead import Built
from laecips_core.engines.build_ahead import built
from laecips_core.engines.frame_batch import frame_batch
from laecips_core.engines.graph_facts import INPUT
from laecips_core.engines.graph_facts import OUTPUT
from laecips_core.engines.graph_facts import weight_places
from laecips_core.engines.tensorrt_build import build_plan
from laecips_core.engines.tensorrt_device import gpu_context
from laecips_core.engines.tensorrt_device import gpu_kind
from laecips_core.engines.tensorrt_device import GpuMemory
from laecips_core.engines.tensorrt_library import LOG
from laecips_core.engines.tensorrt_library import made
from laecips_core.engines.tensorrt_library import trt
from laecips_core.engines.tensorrt_refit import refitted_engine
from laecips_core.errors import EngineError
from laecips_core.values import Image
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays

__all__ = ['TensorrtEdgeModel', 'build', 'build_plan', 'device_kind', 'library_version']


def library_version() -> str:
    """Tell the release of TensorRT; a plan runs with no other."""
    return str(trt.__version__)


def device_kind() -> str:
    """Name the GPU and its compute capability; a plan runs on no other kind."""
    return gpu_kind()


class _Running:
    """
    One engine with weights, and its memory.

    :param engine: the engine.
    :param input_size_px: (h, w) of its input.
    :param classes: number of classes M.
    """

    def __init__(
        self, engine: trt.ICudaEngine, input_size_px: tuple[int, int], classes: int
    ) -> None:
        plan = buffer_plan(_tensors(engine), input_size_px, classes)
        with gpu_context():
            self._context = made(engine.create_execution_context(), 'engine', 'GPU memory for it')
        self._memory = GpuMemory(plan)
        finalize(self, self._memory.free)
        for name, address in zip((INPUT, OUTPUT), self._memory.addresses, strict=True):
            if not self._context.set_tensor_address(name, address):
                raise EngineError('engine', f'it to take {name}', f'[{LOG.last_error}]')

    def probabilities(self, image: NDArray[np.float32]) -> Softmax:
        """
        Run one image; one thread at a time.

        :param image: (1, 3, h, w) float32.
        :returns: (1, M, h', w') float32.
        """
        with gpu_context():
            self._memory.put(image)
            if not self._context.execute_async_v3(self._memory.stream):
                raise EngineError('engine', 'it to run', f'[{LOG.last_error}]')
            return self._memory.get()


class TensorrtEdgeModel:
    """
    An edge model in TensorRT.

    New weights get an engine of their own from the same plan; the one before runs until it
    stands, so that for a moment there is memory for two.

    :param config: name and input size.
    :param classes: number of classes M.
    :param source: plan and exported network.
    :param arrays: every weight by name.
    """

    engine = 'tensorrt'

    def __init__(
        self, config: EdgeModelConfig, classes: int, source: Built, arrays: WeightArrays
    ) -> None:
        """
        Build the first engine.

        :raises WeightsError: when a name or shape does not fit.
        :raises EngineError: when the GPU cannot run it.
        """
        self.name = config.name
        self._input_size_px = config.input_height_px, config.input_width_px
        self._classes, self._source = classes, source
        self._places = weight_places(source.onnx)
        self._lock = Lock()
        self._onnx = self._places.filled(source.onnx, arrays)
        self._running = self._start(self._onnx)

    @property
    def device(self) -> str:
        """The GPU it runs on."""
        return device_kind()

    def predict(self, images: Sequence[Image]) -> Softmax:
        """
        Label a batch of images, one after the other.

        :param images: N images, each (H, W, 3) uint8 RGB.
        :returns: (N, M, h', w') float32 softmax at the network's output resolution.
        :raises ShapeError: when there is no image.
        :raises EngineError: when the GPU fails.
        """
        batch = frame_batch(images, self._input_size_px)
        with self._lock:
            running = self._running
            maps = [running.probabilities(batch[k : k + 1]) for k in range(len(batch))]
        return np.concatenate(maps)

    def load_weights(self, arrays: WeightArrays) -> None:
        """
        Replace all weights; another thread may call :meth:`predict` meanwhile.

        :param arrays: every weight by name.
        :raises WeightsError: when a name or shape does not fit; the old weights stay.
        :raises EngineError: when the GPU has no memory for a second engine; the old one stays.
        """
        onnx = self._places.filled(self._source.onnx, arrays)
        running = self._start(onnx)
        with self._lock:
            self._running, self._onnx = running, onnx

    def weights(self) -> WeightArrays:
        """Give copies of all weights by name."""
        return self._places.arrays(self._onnx)

    def _start(self, onnx: bytes) -> _Running:
        engine = refitted_engine(self._source.engine, self._source.onnx, onnx)
        return _Running(engine, self._input_size_px, self._classes)


def build(config: EdgeModelConfig, classes: int, arrays: WeightArrays) -> TensorrtEdgeModel:
    """
    Build an edge model in TensorRT; the plan is built first where it is not yet, which takes long.

    :param config: network, precision, input size and folder of built engines.
    :param classes: number of classes M.
    :param arrays: every weight by name.
    :raises WeightsError: when a name or shape does not fit.
    :raises EngineError: when the GPU is not there, or cannot build or run the network.
    """
    if config.device == 'cpu':
        do = 'set it to auto, or choose engine onnxruntime'
        raise EngineError('model.device', 'a GPU for engine tensorrt', 'cpu', do)
    return TensorrtEdgeModel(config, classes, _source(config, classes), arrays)


@lru_cache(maxsize=1)
def _source(config: EdgeModelConfig, classes: int) -> Built:
    """Keep the plan between updates: its file is read and checked once."""
    return built(config, classes)


def _tensors(engine: trt.ICudaEngine) -> list[EngineTensor]:
    names = [engine.get_tensor_name(k) for k in range(engine.num_io_tensors)]
    return [
        EngineTensor(
            name=name,
            is_input=engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT,
            shape=_sizes(engine.get_tensor_shape(name)),
            kind=engine.get_tensor_dtype(name).name,
        )
        for name in names
    ]


def _sizes(dims: trt.Dims) -> tuple[int, ...]:
    return tuple(dims[k] for k in range(len(dims)))
