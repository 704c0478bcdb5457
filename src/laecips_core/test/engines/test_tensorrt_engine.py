"""What is seen of the engine where TensorRT or a GPU is missing, as on every machine of CI."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
import subprocess
import sys

import pytest

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import EngineError
from laecips_core.registry import build_edge_model

pytestmark = pytest.mark.skipif(
    any(find_spec(name) for name in ('pycuda', 'tensorrt')), reason='they are installed here'
)
NO_PYCUDA = (
    r"model\.engine tensorrt: expected the Python package pycuda and the GPU's driver, got "
    r"\[No module named 'pycuda'\]; install pycuda for this CUDA, or choose engine onnxruntime"
)
NO_TENSORRT = (
    r'model\.engine tensorrt: expected the Python package tensorrt and its libraries, got '
    r"\[No module named 'tensorrt'\]; install TensorRT 8\.6, 10 or 11 for this Python, or choose"
)


def test_the_engine_says_what_is_missing(tmp_path: Path) -> None:
    config = EdgeModelConfig(engine='tensorrt', engine_folder=str(tmp_path))
    with pytest.raises(EngineError, match=NO_PYCUDA):
        build_edge_model(config, 8, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('name', 'message'), [('device', NO_PYCUDA), ('library', NO_TENSORRT), ('engine', NO_PYCUDA)]
)
def test_it_says_so_again(name: str, message: str) -> None:
    """No half-imported module is left that would fail in another way."""
    for _ in range(2):
        with pytest.raises(EngineError, match=message):
            import_module(f'laecips_core.engines.tensorrt_{name}')


def test_the_logic_around_it_imports_neither_library_nor_torch() -> None:
    names = ['buffer_plan', 'refit_plan', 'tensorrt_versions']
    code = 'import sys\n' + ''.join(f'import laecips_core.engines.{name}\n' for name in names)
    code += "print({'torch', 'tensorrt', 'pycuda', 'onnx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ('set()', '')
