"""Whether a model runs as it was asked to."""

from __future__ import annotations

from pathlib import Path

from laecips_core.config import EdgeModelConfig

DEVICES = Path('/dev')
_GPUS = ('nvidia[0-9]*', 'nvhost-gpu')


def device_warning(
    asked: EdgeModelConfig, engine: str, device: str, devices: Path = DEVICES
) -> str:
    """
    Say what an operator would not expect of engine and device.

    :param asked: the settings.
    :param engine: what runs the model.
    :param device: what it runs on, as the engine names it.
    :param devices: the machine's device files, where an NVIDIA GPU or a Jetson's is looked for.
    :returns: one sentence; empty where all is as asked for.
    """
    if engine != asked.engine:
        return f'model.engine {asked.engine} was asked for, {engine} runs'
    # TensorRT names the GPU itself, and runs nowhere else.
    if engine != 'tensorrt' and asked.device != 'auto' and not device.startswith(asked.device):
        return f'model.device {asked.device} was asked for, the model runs on {device}'
    if asked.device == 'auto' and device == 'cpu' and _gpu(devices):
        return f'the machine has a GPU, and {engine} runs the model on cpu'
    return ''


def _gpu(devices: Path) -> bool:
    return any(next(devices.glob(name), None) for name in _GPUS)
