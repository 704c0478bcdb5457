"""
The GPU for TensorRT: its context in every thread, and memory for one engine.

Importing this file imports pycuda and takes the first GPU, or refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from laecips_core.engines.buffer_plan import BufferPlan
from laecips_core.engines.buffer_plan import DTYPE
from laecips_core.errors import EngineError

try:
    from pycuda import driver
except (ImportError, OSError) as problem:
    raise EngineError(
        'model.engine tensorrt',
        "the Python package pycuda and the GPU's driver",
        f'[{problem}]',
        'install pycuda for this CUDA, or choose engine onnxruntime',
    ) from problem


def _first_gpu() -> driver.Device:
    try:
        driver.init()
        return driver.Device(0)
    except driver.Error as error:
        do = 'choose engine onnxruntime with device cpu'
        raise EngineError('model.device', 'a CUDA GPU', f'[{error}]', do) from error


_GPU = _first_gpu()
# The context that CUDA's runtime, and with it TensorRT, uses too. It is kept until the process
# ends: pycuda frees memory only under the object that was there when it was taken.
_CONTEXT = _GPU.retain_primary_context()


def gpu_kind() -> str:
    """Name the GPU and its compute capability: a plan runs on no other kind."""
    major, minor = _GPU.compute_capability()
    return f'{_GPU.name()}, compute capability {major}.{minor}'


@contextmanager
def gpu_context() -> Iterator[None]:
    """
    Make the GPU's context that of this thread until the end of the block.

    :raises EngineError: when a call of CUDA in the block failed.
    """
    try:
        _CONTEXT.push()
        try:
            yield
        finally:
            driver.Context.pop()
    except driver.Error as error:
        do = 'see what else uses the memory of the GPU'
        raise EngineError('GPU', 'a call of CUDA to succeed', f'[{error}]', do) from error


class GpuMemory:
    """
    Memory of one engine for one image, on the GPU and page-locked beside it, and a stream.

    :param plan: what goes in and comes out.
    """

    def __init__(self, plan: BufferPlan) -> None:
        """
        Take the memory.

        :raises EngineError: when there is not enough.
        """
        with gpu_context():
            self._input = driver.mem_alloc(plan.input_bytes)
            self._output = driver.mem_alloc(plan.output_bytes)
            self._taken = driver.pagelocked_empty(plan.input_shape, DTYPE)
            self._given = driver.pagelocked_empty(plan.output_shape, DTYPE)
            self._stream = driver.Stream()

    @property
    def addresses(self) -> tuple[int, int]:
        """Where input and output lie on the GPU."""
        return int(self._input), int(self._output)

    @property
    def stream(self) -> int:
        """Handle of the stream that copies to and from the GPU."""
        return int(self._stream.handle)

    def put(self, image: NDArray[np.float32]) -> None:
        """
        Begin to copy an input to the GPU; call it within :func:`gpu_context`.

        :param image: (1, 3, h, w) float32.
        """
        self._taken[...] = image
        driver.memcpy_htod_async(self._input, self._taken, self._stream)

    def get(self) -> NDArray[np.float32]:
        """Wait for the stream and copy the output; call it within :func:`gpu_context`."""
        driver.memcpy_dtoh_async(self._given, self._output, self._stream)
        self._stream.synchronize()
        return np.array(self._given)

    def free(self) -> None:
        """Give everything back, from any thread; nothing may be called after it."""
        with gpu_context():
            self._stream.synchronize()
            self._input.free()
            self._output.free()
            # pycuda gives these back with their last reference, which must go in here.
            del self._stream, self._taken, self._given
