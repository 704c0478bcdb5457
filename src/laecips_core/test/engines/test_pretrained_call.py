from __future__ import annotations

import pytest

from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.engines import pretrained_call
from laecips_core.engines.pretrained_call import pretrained_weights
from laecips_core.errors import EngineError
from laecips_core.weights.files import load_update
from laecips_core.weights.files import resolve_weights


def test_a_process_of_its_own_reads_the_weights() -> None:
    config = EdgeModelConfig(weights='builtin:patrol', engine='onnxruntime')
    expected = load_update(resolve_weights(config.weights), LimitsConfig().max_update_bytes)
    assert pretrained_weights(config, LimitsConfig()) == expected


def test_why_they_cannot_be_read_is_told() -> None:
    config = EdgeModelConfig('fast_scnn', 'pretrained', engine='onnxruntime')
    with pytest.raises(EngineError, match=r'own weights of fast_scnn: .*no weights of its own'):
        pretrained_weights(config, LimitsConfig())


def test_without_torch_the_error_tells_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained_call, 'missing', lambda _: ['torch'])
    with pytest.raises(EngineError, match=r'torch to read them, got none installed; save them as'):
        pretrained_weights(EdgeModelConfig(weights='pretrained'), LimitsConfig())
