from __future__ import annotations

from argparse import ArgumentParser
import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from laecips_bringup import models_command
from laecips_core.config import EdgeModelConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import DigestError
from laecips_core.errors import ImageError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.zoo.entry import Entry
from laecips_core.zoo.entry import OfficialFile
from laecips_core.zoo.table import TABLE

CONTENT = b'weights' * 1000
SMALL = ('--input-height-px', '64', '--input-width-px', '96')


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv('LAECIPS_MODELS', str(tmp_path / 'models'))
    monkeypatch.delenv('LAECIPS_MIRROR', raising=False)
    return tmp_path / 'models'


def _run(*words: str) -> int:
    parser = ArgumentParser()
    models_command.add_arguments(parser)
    return models_command.run(parser.parse_args(words))


def _publish(monkeypatch: pytest.MonkeyPatch, mirror: Path, content: bytes) -> str:
    mirror.mkdir()
    (mirror / 'net.pth').write_bytes(content)
    digest = hashlib.sha256(CONTENT).hexdigest()
    file = OfficialFile('https://models.invalid/net.pth', len(CONTENT), digest)
    entry = Entry('net', 'edge model', 'unknown', 1.0, 'any', file=file)
    monkeypatch.setattr(models_command, 'find', {'net': entry}.__getitem__)
    return mirror.as_uri()


def test_list_has_every_model_and_says_what_is_here(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    (folder / 'sam_vit_b_01ec64.pth').touch()
    assert _run('list') == 0
    lines = capsys.readouterr().out.splitlines()
    for entry in TABLE:
        (line,) = [line for line in lines if line.split()[:1] == [entry.name]]
        assert entry.licence in line
        if entry.file is not None:
            state = 'here' if entry.name == 'sam:vit_b' else 'to fetch'
            assert line.rstrip().endswith(f' MB, {state}')


def test_file_is_fetched_from_a_mirror(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mirror = _publish(monkeypatch, tmp_path / 'stick', CONTENT)
    assert _run('fetch', 'net', '--mirror', mirror) == 0
    assert (folder / 'net.pth').read_bytes() == CONTENT
    printed = capsys.readouterr().out
    assert '7.0/7.0 kB' in printed
    assert f'net: {folder / "net.pth"}' in printed


def test_mirror_may_stand_in_the_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('LAECIPS_MIRROR', _publish(monkeypatch, tmp_path / 'stick', CONTENT))
    assert _run('fetch', 'net') == 0
    assert (folder / 'net.pth').exists()


def test_other_bytes_are_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = _publish(monkeypatch, tmp_path / 'stick', CONTENT[::-1])
    with pytest.raises(DigestError):
        _run('fetch', 'net', '--mirror', mirror)
    assert list(folder.iterdir()) == []


def test_repository_goes_to_the_cache_of_its_own_library(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models_command, 'fetch_repository', lambda name: Path('/hub') / name)
    assert _run('fetch', 'teacher:hf:owner/net') == 0
    assert capsys.readouterr().out == 'teacher:hf:owner/net: /hub/owner/net\n'


def test_what_has_no_official_file_is_not_fetched() -> None:
    with pytest.raises(WeightsError, match='rfnet: expected a model with official weights'):
        _run('fetch', 'rfnet')
    with pytest.raises(UnknownNameError, match='sam:vit_b'):
        _run('fetch', 'sam:vit_x')


def test_check_runs_an_edge_model_with_its_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run('check', 'fast_scnn') == 0
    printed = capsys.readouterr().out
    for words in ('torch, cpu', 'builtin:patrol, version', '12: sky, building', 'a frame (ms)'):
        assert words in printed
    assert 'resident memory' in printed


def test_check_runs_on_an_image_with_random_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / 'frame.png'
    cv2.imwrite(str(image), np.zeros((48, 64, 3), np.uint8))
    words = ('--random', '3', '--image', str(image), *SMALL)
    assert _run('check', 'teacher:fast_scnn_wide', *words) == 0
    printed = capsys.readouterr().out
    assert '3: 0, 1, 2' in printed
    assert '64 x 96' in printed


def test_check_runs_a_mask_generator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / 'frame.png'
    cv2.imwrite(str(image), np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8))
    assert _run('check', 'regions', '--image', str(image)) == 0
    rows = [line.split('│') for line in capsys.readouterr().out.splitlines() if '│' in line]
    facts = {row[1].strip(): row[2].strip() for row in rows}
    assert facts['frame (px)'] == '48 x 64'
    assert int(facts['masks']) > 0
    assert 0 < float(facts['covered share of the frame']) <= 1


def test_check_refuses_what_cannot_run(tmp_path: Path, tiny_data: Path) -> None:
    with pytest.raises(
        ConfigError, match='--weights: expected a weights file of laecips pretrain: rfnet'
    ):
        _run('check', 'rfnet')
    start = str(tiny_data / 'start.safetensors')
    with pytest.raises(WeightsError, match='expected model fast_scnn_wide'):
        _run('check', 'fast_scnn_wide', '--weights', start)
    with pytest.raises(WeightsError, match='laecips models fetch sam:vit_b'):
        _run('check', 'sam:vit_b')
    with pytest.raises(ImageError, match='one that can be read'):
        _run('check', 'regions', '--image', str(tmp_path / 'none.png'))


def test_export_builds_for_the_classes_of_the_weights(
    monkeypatch: pytest.MonkeyPatch,
    tiny_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[tuple[EdgeModelConfig, int]] = []

    def build(config: EdgeModelConfig, classes: int, progress: object) -> Path:
        asked.append((config, classes))
        (tmp_path / 'net.onnx').write_bytes(bytes(1_500_000))
        return tmp_path / 'net.onnx'

    monkeypatch.setattr('laecips_core.engines.build_ahead.build_engine', build)
    start = str(tiny_data / 'start.safetensors')
    words = ('--engine', 'onnxruntime', '--weights', start, *SMALL)
    assert _run('export', 'fast_scnn', *words) == 0
    ((config, classes),) = asked
    assert (config.engine, config.name, classes) == ('onnxruntime', 'fast_scnn', 3)
    assert (config.input_height_px, config.input_width_px) == (64, 96)
    assert f'onnxruntime: {tmp_path / "net.onnx"} (1.5 MB)' in capsys.readouterr().out
