from __future__ import annotations

from dataclasses import replace
import json
from pathlib import Path

import pytest

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.engine_cache import engine_folder
from laecips_core.engines.engine_cache import EngineCache
from laecips_core.engines.engine_cache import EngineKey
from laecips_core.engines.engine_cache import manifest_path
from laecips_core.engines.engine_cache import onnx_key
from laecips_core.errors import ConfigError
from laecips_core.errors import EngineError

KEY = EngineKey('onnx', 'hf:nvidia/b0', 3, (64, 96), 'fp32', '')


def test_what_was_written_is_read(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path / 'new' / 'folder')
    assert cache.read(KEY) is None
    path = cache.write(KEY, b'abc', {'torch': '2'})
    assert cache.read(KEY) == b'abc'
    assert path == cache.path(KEY)
    assert path.name.startswith('hf_nvidia_b0-3-64x96-fp32-')
    assert path.suffix == '.onnx'
    assert json.loads(manifest_path(path).read_text())['notes'] == {'torch': '2'}
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.parametrize(
    'change',
    [
        {'kind': 'tensorrt'},
        {'model': 'hf:nvidia_b0'},
        {'classes': 4},
        {'input_size_px': (96, 64)},
        {'precision': 'fp16'},
        {'class_map_sha256': 'a'},
        {'folder_sha256': 'a'},
        {'library': '10.1'},
        {'device': 'Orin'},
        {'format': 0},
    ],
)
def test_another_key_is_another_file(tmp_path: Path, change: dict[str, object]) -> None:
    cache = EngineCache(tmp_path)
    cache.write(KEY, b'abc', {})
    other = replace(KEY, **change)  # type: ignore[arg-type]
    assert cache.path(other) != cache.path(KEY)
    assert cache.read(other) is None


def damage_data(path: Path) -> None:
    path.write_bytes(b'abd')


def damage_manifest(path: Path) -> None:
    manifest_path(path).write_text('{')


def lose_manifest(path: Path) -> None:
    manifest_path(path).unlink()


def empty_manifest(path: Path) -> None:
    manifest_path(path).write_text('[]')


def swap_manifest(path: Path) -> None:
    facts = json.loads(manifest_path(path).read_text())
    facts['key']['classes'] = 4
    manifest_path(path).write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ('damage', 'reason'),
    [
        (damage_data, 'expected sha256'),
        (damage_manifest, 'Expecting property name'),
        (lose_manifest, 'No such file'),
        (empty_manifest, 'list indices'),
        (swap_manifest, 'its manifest is of another engine'),
    ],
)
def test_a_damaged_file_is_not_used_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: object, reason: str
) -> None:
    cache = EngineCache(tmp_path)
    damage(cache.write(KEY, b'abc', {}))  # type: ignore[operator]
    assert cache.read(KEY) is None
    assert f'engine {cache.path(KEY)} is damaged and is not used' in caplog.text
    assert reason in caplog.text


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(EngineError, match=r'set model\.engine_folder to a folder that can be'):
        EngineCache(tmp_path / 'file').write(KEY, b'abc', {})


def test_the_key_tells_what_the_network_is_built_from(tmp_path: Path) -> None:
    (tmp_path / 'map.yaml').write_bytes(b'')
    config = EdgeModelConfig('rfnet', classes=str(tmp_path / 'map.yaml'), input_width_px=640)
    empty_sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    assert onnx_key(config, 5) == EngineKey('onnx', 'rfnet', 5, (240, 640), 'fp32', empty_sha256)
    assert onnx_key(EdgeModelConfig(), 5).class_map_sha256 == ''


def test_a_missing_class_map_is_refused(tmp_path: Path) -> None:
    config = EdgeModelConfig(classes=str(tmp_path / 'none.yaml'))
    with pytest.raises(
        ConfigError, match=r'model\.classes: expected a class map that can be read'
    ):
        onnx_key(config, 5)


def test_the_folder_is_the_configured_one_or_in_the_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert engine_folder(EdgeModelConfig(engine_folder='/a/b')) == Path('/a/b')
    monkeypatch.setenv('XDG_CACHE_HOME', '/cache')
    assert engine_folder(EdgeModelConfig()) == Path('/cache/laecips/engines')
    monkeypatch.delenv('XDG_CACHE_HOME')
    monkeypatch.setenv('HOME', '/home/robot')
    assert engine_folder(EdgeModelConfig()) == Path('/home/robot/.cache/laecips/engines')


def test_an_unknown_home_is_refused() -> None:
    config = EdgeModelConfig(engine_folder='~nobody-of-that-name/engines')
    with pytest.raises(ConfigError, match=r'model\.engine_folder: expected a path with a known'):
        engine_folder(config)


def test_what_describes_a_network_in_a_folder_is_part_of_the_key(tmp_path: Path) -> None:
    config = EdgeModelConfig(name=f'hf:{tmp_path}')
    keys = [onnx_key(config, 5)]
    for file in ('config.json', 'preprocessor_config.json'):
        for text in ('{}', '{"a": 1}'):
            (tmp_path / file).write_text(text)
            keys.append(onnx_key(config, 5))
    assert len({key.folder_sha256 for key in keys}) == 5
    (tmp_path / 'model.safetensors').write_bytes(b'weights')
    assert onnx_key(config, 5) == keys[-1]


def test_other_families_have_no_folder() -> None:
    assert onnx_key(EdgeModelConfig(name='rfnet'), 5).folder_sha256 == ''
