from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest

from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.errors import WeightsError
from laecips_core.models.start_weights import weights_of
from laecips_core.weights.files import load_update
from laecips_core.weights.files import resolve_weights

LIMITS = LimitsConfig()


def test_a_file_is_read() -> None:
    path = resolve_weights('builtin:patrol')
    assert weights_of(EdgeModelConfig(), LIMITS) == load_update(path, LIMITS.max_update_bytes)


def test_the_weights_of_the_model_itself_are_read(segformer: Path) -> None:
    config = EdgeModelConfig(f'hf:{segformer}', 'pretrained')
    update = weights_of(config, LIMITS)
    assert update.manifest.model == config.name
    with pytest.raises(WeightsError, match='at most 1000 bytes'):
        weights_of(config, LimitsConfig(max_update_bytes=1000))


def test_a_file_is_read_without_torch() -> None:
    lines = [
        'import sys',
        'from laecips_core.config import EdgeModelConfig, LimitsConfig',
        'from laecips_core.models.start_weights import weights_of',
        'weights_of(EdgeModelConfig(), LimitsConfig())',
        "sys.exit('torch' in sys.modules)",
    ]
    assert subprocess.run([sys.executable, '-c', '\n'.join(lines)], timeout=60).returncode == 0
