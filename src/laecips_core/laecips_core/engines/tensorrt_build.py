"""Builds a TensorRT plan that can be refitted, from an exported network."""

from __future__ import annotations

from collections.abc import Callable

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.refit_plan import check_precision
from laecips_core.engines.tensorrt_device import gpu_context
from laecips_core.engines.tensorrt_library import made
from laecips_core.engines.tensorrt_library import NEEDS
from laecips_core.engines.tensorrt_library import parsed
from laecips_core.engines.tensorrt_library import trt

# Room for what the builder tries out; a Jetson shares its memory with everything else.
_WORKSPACE_BYTES = 1 << 30


def build_plan(onnx: bytes, config: EdgeModelConfig, progress: Callable[[str], None]) -> bytes:
    """
    Build a plan; it takes minutes, on a small GPU many.

    :param onnx: an exported network in the precision that is wanted.
    :param config: the precision.
    :param progress: told what is being done; may be called from other threads.
    :returns: the plan, for this GPU and this release of TensorRT.
    :raises EngineError: when the network cannot be built here.
    """
    check_precision(onnx, config.precision)
    with gpu_context():
        source = parsed(onnx)
        settings = made(source.builder.create_builder_config(), 'TensorRT', 'a configuration')
        settings.set_flag(trt.BuilderFlag.REFIT)
        settings.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, _WORKSPACE_BYTES)
        if NEEDS.fp16_flag and config.precision == 'fp16':
            settings.set_flag(trt.BuilderFlag.FP16)
        _watch(settings, progress)
        plan = source.builder.build_serialized_network(source.network, settings)
        return bytes(made(plan, f'plan of {config.name}', 'TensorRT to build it'))


def _watch(settings: trt.IBuilderConfig, progress: Callable[[str], None]) -> None:
    """Have the builder tell of its outer phases, where it can."""
    if NEEDS.progress_monitor:

        class Monitor(trt.IProgressMonitor):  # type: ignore[misc]  # untyped where not installed
            def __init__(self) -> None:
                trt.IProgressMonitor.__init__(self)
                self._steps: dict[str, int] = {}

            def phase_start(
                self, phase_name: str, parent_phase: str | None, num_steps: int
            ) -> None:
                if not parent_phase:
                    self._steps[phase_name] = num_steps
                    progress(phase_name)

            def step_complete(self, phase_name: str, step: int) -> bool:
                if phase_name in self._steps:
                    progress(f'{phase_name}: {step + 1} of {self._steps[phase_name]}')
                return True

            def phase_finish(self, phase_name: str) -> None:
                self._steps.pop(phase_name, None)

        settings.progress_monitor = Monitor()
