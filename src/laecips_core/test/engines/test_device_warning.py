from __future__ import annotations

from pathlib import Path

import pytest

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.device_warning import device_warning


@pytest.mark.parametrize(
    ('asked', 'engine', 'device'),
    [
        (EdgeModelConfig(), 'torch', 'cpu'),
        (EdgeModelConfig(device='cuda'), 'torch', 'cuda:0'),
        (EdgeModelConfig(engine='onnxruntime', device='tensorrt'), 'onnxruntime', 'tensorrt'),
        (EdgeModelConfig(engine='tensorrt', device='cuda'), 'tensorrt', 'Orin'),
    ],
)
def test_as_asked_for_there_is_no_warning(
    tmp_path: Path, asked: EdgeModelConfig, engine: str, device: str
) -> None:
    assert device_warning(asked, engine, device, tmp_path) == ''


def test_another_engine_is_told(tmp_path: Path) -> None:
    told = device_warning(EdgeModelConfig(engine='tensorrt'), 'torch', 'cuda', tmp_path)
    assert told == 'model.engine tensorrt was asked for, torch runs'


def test_another_device_is_told(tmp_path: Path) -> None:
    told = device_warning(EdgeModelConfig(device='cuda'), 'torch', 'cpu', tmp_path)
    assert told == 'model.device cuda was asked for, the model runs on cpu'


@pytest.mark.parametrize('name', ['nvidia0', 'nvhost-gpu'])
def test_a_gpu_that_auto_leaves_idle_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    told = device_warning(EdgeModelConfig(), 'torch', 'cpu', tmp_path)
    assert told == 'the machine has a GPU, and torch runs the model on cpu'
    assert device_warning(EdgeModelConfig(device='cpu'), 'torch', 'cpu', tmp_path) == ''
    assert device_warning(EdgeModelConfig(), 'torch', 'cuda', tmp_path) == ''
