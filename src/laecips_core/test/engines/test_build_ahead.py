from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path

import pytest

from laecips_core.config import EdgeModelConfig
from laecips_core.engines import build_ahead
from laecips_core.engines import export_call
from laecips_core.engines.build_ahead import build_engine
from laecips_core.engines.build_ahead import built
from laecips_core.engines.engine_cache import engine_folder
from laecips_core.engines.engine_cache import EngineCache
from laecips_core.engines.engine_cache import manifest_path
from laecips_core.engines.engine_cache import onnx_key
from laecips_core.engines.graph_facts import weight_places
from laecips_core.errors import EngineError
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.models.state import arrays_of

CLASSES = 12


def never(config: EdgeModelConfig, classes: int, target: Path) -> tuple[bytes, dict[str, str]]:
    raise AssertionError(f'{config} is exported with {classes} classes to {target}')


def test_a_network_is_exported_by_a_process_of_its_own(
    onnxruntime_config: EdgeModelConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_ahead, 'exported', never)
    told: list[str] = []
    path = build_engine(onnxruntime_config, CLASSES, told.append)
    assert told == []
    expected = {name: array.shape for name, array in arrays_of(FastScnn(CLASSES)).items()}
    assert weight_places(path.read_bytes()).shapes == expected
    assert json.loads(manifest_path(path).read_text())['notes'].keys() == {'torch', 'onnx'}
    found = built(onnxruntime_config, CLASSES)
    assert (found.path, found.engine, found.onnx) == (path, path.read_bytes(), path.read_bytes())


def test_a_damaged_file_is_exported_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = EdgeModelConfig(engine='onnxruntime', engine_folder=str(tmp_path))
    cache, key = EngineCache(tmp_path), onnx_key(config, CLASSES)
    cache.write(key, b'before', {}).write_bytes(b'damaged')
    monkeypatch.setattr(build_ahead, 'exported', lambda *_: (b'again', {}))
    told: list[str] = []
    assert built(config, CLASSES, told.append).onnx == b'again'
    assert told == [f'exporting fast_scnn to {cache.path(key)}']
    assert 'is damaged and is not used' in caplog.text
    assert cache.read(key) == b'again'


def test_without_torch_the_error_tells_what_to_run_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_call, '_NEEDED', ('torch', 'no_such_library'))
    config = EdgeModelConfig('rfnet', engine='onnxruntime', engine_folder=str(tmp_path))
    with pytest.raises(EngineError) as caught:
        build_engine(config, CLASSES, lambda _: None)
    text = str(caught.value)
    assert 'no no_such_library here' in text
    assert 'run laecips export --engine onnxruntime --model rfnet' in text
    assert text.endswith(f'to {tmp_path}')
    assert str(EngineCache(tmp_path).path(onnx_key(config, CLASSES))) in text


def test_why_an_export_failed_is_told(tmp_path: Path) -> None:
    config = EdgeModelConfig('x', engine='onnxruntime', engine_folder=str(tmp_path))
    with pytest.raises(
        EngineError, match=r'export of x: .*model\.name: expected one of fast_scnn'
    ):
        build_engine(config, CLASSES, lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_engine_torch_has_nothing_to_build() -> None:
    with pytest.raises(EngineError, match=r'model\.engine: expected onnxruntime or tensorrt to'):
        build_engine(EdgeModelConfig(), CLASSES, lambda _: None)


def test_the_folder_is_that_of_the_configuration(onnxruntime_config: EdgeModelConfig) -> None:
    elsewhere = replace(onnxruntime_config, precision='fp16')
    cache = EngineCache(engine_folder(elsewhere))
    assert cache.read(onnx_key(onnxruntime_config, CLASSES)) is not None
    assert cache.read(onnx_key(elsewhere, CLASSES)) is None
