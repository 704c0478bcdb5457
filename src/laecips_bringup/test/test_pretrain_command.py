from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from laecips_bringup import pretrain_command
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeConfig
from laecips_core.config import LimitsConfig
from laecips_core.datasets.patrol.classes import CATALOGUE
from laecips_core.errors import ConfigError
from laecips_core.errors import DataSetError
from laecips_core.learning.pretrain import PretrainConfig
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.setting import replace_settings
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.files import load_update

QUICK = ('--epochs', '1', '--miner-epochs', '1', '--batch-size', '4')


def _parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    pretrain_command.add_arguments(parser)
    return parser.parse_args(words)


def test_pretraining_writes_weights_that_an_edge_can_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / 'tiny.safetensors'
    assert pretrain_command.run(_parse('--frames', '8', '--out', str(out), *QUICK)) == 0
    printed = capsys.readouterr().out
    assert 'training on 7 frames, 1 held out' in printed
    assert 'pavement' in printed
    assert '100%' in printed
    update = load_update(out, LimitsConfig().max_update_bytes)
    assert update.manifest.parent == ''
    assert catalogue_of(update).names == CATALOGUE.names
    notes = update.manifest.notes
    assert (notes['seed'], notes['frames']) == ('0', '7')
    assert 0.0 <= float(notes['held_out_miou']) <= 1.0
    assert notes['command'].endswith('--out tiny.safetensors')
    assert str(tmp_path) not in notes['command']
    config = replace_settings(EdgeConfig(), {'model.weights': str(out)})
    assert build_edge(config).start.manifest.version == update.manifest.version


def test_patrol_is_pretrained_on_its_source_split() -> None:
    assert _parse('--out', 'w.safetensors').split == 'source'


def test_command_line_parses_to_the_same_settings() -> None:
    dataset = DataSetConfig(name='folder', root='/some/where/camvid', select='a[0.5:],b', frames=9)
    training = PretrainConfig(epochs=3, beta=0.7)
    line = pretrain_command.command_line(
        dataset, 'fast_scnn', training, Path('/some/where/w.safetensors')
    )
    assert '/some' not in line
    words = pretrain_command.shlex.split(line)
    assert words[:2] == ['laecips', 'pretrain']
    parsed = _parse(*words[2:])
    assert (parsed.dataset, parsed.root, parsed.select) == ('folder', 'camvid', 'a[0.5:],b')
    assert (parsed.frames, parsed.epochs, parsed.beta) == (9, 3, 0.7)


@pytest.mark.parametrize('name', ['no/such/folder/w.safetensors', 'w.pt'])
def test_file_that_cannot_be_written_is_refused_before_training(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'--out: expected a \.safetensors file in a folder'):
        pretrain_command.run(_parse('--out', str(tmp_path / name), *QUICK))


def test_settings_out_of_bounds_are_refused(tmp_path: Path) -> None:
    out = str(tmp_path / 'w.safetensors')
    with pytest.raises(ConfigError, match='beta'):
        pretrain_command.run(_parse('--out', out, '--beta', '-1'))


def test_too_few_frames_are_refused(tmp_path: Path) -> None:
    out = str(tmp_path / 'w.safetensors')
    with pytest.raises(DataSetError, match='at least 4 annotated frames'):
        pretrain_command.run(_parse('--out', out, '--frames', '3'))
