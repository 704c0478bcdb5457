from __future__ import annotations

import pytest

from laecips_core.bench import fusion


def test_both_ways_give_the_same_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fusion, 'SIZE_PX', (64, 128))
    monkeypatch.setattr(fusion, 'MASKS', 8)
    result = fusion.run(seed=3, repeats=2)
    assert result['equal_labels_ratio'] == 1.0
    assert result['size_px'] == [64, 128]
    assert result['masks'] == 8
    assert result['ratio'] == result['loop_s'] / result['fusion_s']  # type: ignore[operator]
