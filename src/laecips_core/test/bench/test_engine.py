from __future__ import annotations

from dataclasses import replace

import pytest

from laecips_core.bench import engine
from laecips_core.config import EdgeModelConfig


def test_both_engines_are_measured(
    onnxruntime_config: EdgeModelConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, 'FRAMES', 2)
    figures = engine.run(replace(onnxruntime_config, engine='torch'), threads=1, repeats=11)
    numbers = {name: value for name, value in figures.items() if isinstance(value, float)}
    assert figures['onnxruntime_over_torch'] == (
        numbers['torch_frame_s'] / numbers['onnxruntime_frame_s']
    )
    assert figures['update_over_frame'] == numbers['update_s'] / numbers['onnxruntime_frame_s']
    assert numbers['equal_labels_ratio'] >= 0.999
    assert (figures['threads'], figures['input_size_px']) == (1, [64, 96])
    imported = figures['torch_torch_imported'], figures['onnxruntime_torch_imported']
    assert imported == (True, False)
    assert numbers['onnxruntime_resident_mb'] < numbers['torch_resident_mb']
    assert 0.0 < numbers['onnxruntime_start_s'] < numbers['torch_start_s']


def test_an_edge_that_does_not_start_is_told() -> None:
    config = EdgeModelConfig(weights='/none.safetensors', engine='onnxruntime')
    with pytest.raises(
        RuntimeError, match=r'the edge with engine onnxruntime failed: (.|\n)*none'
    ):
        engine.start_of(config)
