from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from pathlib import Path

import pytest
from rich.console import Console

from laecips_bringup import demo_models
from laecips_bringup.demo_models import add_model_arguments
from laecips_bringup.demo_models import chosen_models
from laecips_bringup.demo_models import chosen_words
from laecips_bringup.demo_models import start_file_name
from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_core.config import LimitsConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.weights.files import load_update


def _parse(*words: str) -> Namespace:
    parser = ArgumentParser()
    add_model_arguments(parser)
    return parser.parse_args(words)


def test_nothing_chosen_changes_nothing(tmp_path: Path) -> None:
    models = chosen_models(_parse(), tmp_path / 'start', Console(quiet=True))
    assert (models.edge, models.cloud) == ({}, {})
    assert list(tmp_path.iterdir()) == []


def test_choice_reaches_both_nodes(tmp_path: Path) -> None:
    words = ['--edge-model', 'fast_scnn_wide', '--weights', 'w.safetensors']
    words += ['--engine', 'onnxruntime', '--mask-generator', 'none']
    models = chosen_models(_parse(*words), tmp_path, Console(quiet=True))
    assert models.edge == {
        'model.name': 'fast_scnn_wide',
        'model.weights': 'w.safetensors',
        'model.engine': 'onnxruntime',
    }
    assert models.cloud == {**models.edge, 'masks.name': 'none'}
    edge_program(models.edge)
    cloud_program(models.cloud)


def test_default_model_keeps_its_weights_with_another_engine(tmp_path: Path) -> None:
    models = chosen_models(_parse('--engine', 'onnxruntime'), tmp_path, Console(quiet=True))
    assert models.edge == {'model.engine': 'onnxruntime'}


def test_model_without_weights_is_trained_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, amount in (('FRAMES', 8), ('EPOCHS', 1), ('MINER_EPOCHS', 1)):
        monkeypatch.setattr(demo_models, f'_{name}', amount)
    choice = _parse('--edge-model', 'fast_scnn_wide')
    models = chosen_models(choice, tmp_path / 'start', Console())
    assert 'training it on annotated frames' in capsys.readouterr().out
    (path,) = (tmp_path / 'start').iterdir()
    assert models.edge['model.weights'] == str(path)
    assert load_update(path, LimitsConfig().max_update_bytes).manifest.model == 'fast_scnn_wide'
    written_ns = path.stat().st_mtime_ns
    assert chosen_models(choice, tmp_path / 'start', Console()) == models
    assert 'of an earlier demo' in capsys.readouterr().out
    assert path.stat().st_mtime_ns == written_ns


def test_other_settings_are_another_file() -> None:
    words = ['--model', 'hf:/srv/some folder/b0', '--epochs', '8']
    name = start_file_name(words)
    assert name.startswith('hf_srv_some_folder_b0-')
    assert name.endswith('.safetensors')
    assert start_file_name([*words[:3], '9']) != name
    assert start_file_name([words[0], 'hf:/srv/b0', *words[2:]]) != name


@pytest.mark.parametrize(
    ('words', 'error'),
    [
        (('--edge-model', 'nothing'), UnknownNameError),
        (('--edge-model', 'fast_scnn_wide', '--mask-generator', 'nothing'), UnknownNameError),
        (('--edge-model', 'fast_scnn_wide', '--engine', 'nothing'), ConfigError),
    ],
)
def test_what_cannot_be_is_refused_before_training(
    words: tuple[str, ...], error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error, match='nothing'):
        chosen_models(_parse(*words), tmp_path, Console(quiet=True))
    assert list(tmp_path.iterdir()) == []


def test_words_say_what_was_chosen_and_nothing_else() -> None:
    words = ['--edge-model', 'rfnet', '--engine', 'onnxruntime']
    assert chosen_words(_parse(*words)) == words
    assert chosen_words(_parse()) == []
