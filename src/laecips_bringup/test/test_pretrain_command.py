from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from laecips_bringup import pretrain_command
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.datasets.patrol.classes import CATALOGUE
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import ConfigError
from laecips_core.errors import DataSetError
from laecips_core.errors import WeightsError
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.pretrain import PretrainConfig
from laecips_core.learning.tensors import TrainingSet
from laecips_core.models.library_import import import_library
from laecips_core.models.start_weights import weights_of
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.setting import replace_settings
from laecips_core.values import ModelWeights
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode
from laecips_core.weights.files import load_update

LIMIT_BYTES = LimitsConfig().max_update_bytes
QUICK = ('--epochs', '1', '--miner-epochs', '1', '--batch-size', '4')


def _folder_words(data: Path, out: Path) -> list[str]:
    size = ('--input-height-px', '64', '--input-width-px', '96')
    where = ('--dataset', 'folder', '--root', str(data), '--out', str(out))
    return [*where, *size, '--miner-epochs', '1', '--batch-size', '2']


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
    training = PretrainConfig(epochs=3, beta=0.7, light='strong', crop_ratio=0.5)
    model = EdgeModelConfig('fast_scnn_wide', input_height_px=360, input_width_px=480)
    line = pretrain_command.command_line(
        dataset, model, training, '/some/start.safetensors', Path('/some/where/w.safetensors')
    )
    assert '/some' not in line
    words = pretrain_command.shlex.split(line)
    assert words[:2] == ['laecips', 'pretrain']
    parsed = _parse(*words[2:])
    assert (parsed.dataset, parsed.root, parsed.select) == ('folder', 'camvid', 'a[0.5:],b')
    assert (parsed.frames, parsed.epochs, parsed.beta) == (9, 3, 0.7)
    assert (parsed.light, parsed.crop_ratio, parsed.start) == ('strong', 0.5, 'start.safetensors')
    assert (parsed.model, parsed.input_height_px, parsed.input_width_px) == (model.name, 360, 480)


def test_command_line_names_no_start_where_there_is_none() -> None:
    line = pretrain_command.command_line(
        DataSetConfig(), EdgeModelConfig(), PretrainConfig(), '', Path('w.safetensors')
    )
    assert '--start' not in line
    start = _parse(*pretrain_command.shlex.split(line)[2:]).start
    assert start == ''


def test_pretraining_goes_on_from_start_weights(tiny_data: Path, tmp_path: Path) -> None:
    start, out = tiny_data / 'start.safetensors', tmp_path / 'more.safetensors'
    words = _folder_words(tiny_data, out)
    assert pretrain_command.run(_parse(*words, '--start', str(start), '--epochs', '0')) == 0
    before, after = (load_update(path, LIMIT_BYTES) for path in (start, out))
    assert after.manifest.notes['start'] == 'start.safetensors'
    assert '--start start.safetensors' in after.manifest.notes['command']
    old, new = decode(before, LIMIT_BYTES), decode(after, LIMIT_BYTES)
    # Without an epoch only the miners are fitted.
    assert all((old.edge[name] == array).all() for name, array in new.edge.items())
    assert any((old.miner[name] != new.miner[name]).any() for name in old.miner)


def test_size_light_and_crop_reach_training(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[NetworkPlan, PretrainConfig, int]] = []

    def train(
        plan: NetworkPlan, data: TrainingSet, miner_data: TrainingSet, config: PretrainConfig,
        *_: object,
    ) -> ModelWeights:  # fmt: skip
        seen.append((plan, config, len(data)))
        return build_pair(plan, None, 0).weights()

    monkeypatch.setattr(pretrain_command, 'pretrain', train)
    out = tmp_path / 'w.safetensors'
    words = [*_folder_words(tiny_data, out), '--light', 'strong', '--crop-ratio', '0.5']
    assert pretrain_command.run(_parse(*words)) == 0
    ((plan, config, frames),) = seen
    assert (plan.input_size_px, plan.classes, frames) == ((64, 96), 3, 6)
    assert (config.light, config.crop_ratio) == ('strong', 0.5)
    notes = load_update(out, LIMIT_BYTES).manifest.notes
    assert notes['start'] == ''
    assert '--input-height-px 64 --input-width-px 96' in notes['command']


def test_start_weights_that_do_not_fit_are_refused(tiny_data: Path, tmp_path: Path) -> None:
    words = _folder_words(tiny_data, tmp_path / 'w.safetensors')
    start = str(tiny_data / 'start.safetensors')
    with pytest.raises(CatalogueMismatchError, match='classes of weights'):
        pretrain_command.run(_parse(*words, '--start', 'builtin:patrol'))
    with pytest.raises(WeightsError, match='expected model fast_scnn_wide'):
        pretrain_command.run(_parse(*words, '--start', start, '--model', 'fast_scnn_wide'))
    with pytest.raises(WeightsError, match='expected a weights file, got no such file'):
        pretrain_command.run(_parse(*words, '--start', f'{start}x'))


@pytest.mark.parametrize('words', [('--light', 'dark'), ('--crop-ratio', 'half')])
def test_words_that_are_not_allowed_are_usage_errors(words: tuple[str, str]) -> None:
    with pytest.raises(SystemExit):
        _parse('--out', 'w.safetensors', *words)


@pytest.mark.parametrize('name', ['no/such/folder/w.safetensors', 'w.pt'])
def test_file_that_cannot_be_written_is_refused_before_training(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'--out: expected a \.safetensors file in a folder'):
        pretrain_command.run(_parse('--out', str(tmp_path / name), *QUICK))


def test_settings_out_of_bounds_are_refused(tmp_path: Path) -> None:
    out = str(tmp_path / 'w.safetensors')
    with pytest.raises(ConfigError, match='beta'):
        pretrain_command.run(_parse('--out', out, '--beta', '-1'))
    with pytest.raises(ConfigError, match='crop_ratio'):
        pretrain_command.run(_parse('--out', out, '--crop-ratio', '0'))
    with pytest.raises(ConfigError, match='input_height_px'):
        pretrain_command.run(_parse('--out', out, '--input-height-px', '8'))


def test_too_few_frames_are_refused(tmp_path: Path) -> None:
    out = str(tmp_path / 'w.safetensors')
    with pytest.raises(DataSetError, match='at least 4 annotated frames'):
        pretrain_command.run(_parse('--out', out, '--frames', '3'))


def _write_segformer(folder: Path, names: tuple[str, ...]) -> Path:
    transformers = import_library('transformers')
    config = transformers.SegformerConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[8, 16],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=16,
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(folder)
    return folder


def test_a_published_model_gets_its_miners_and_runs_on_an_edge(
    tiny_data: Path, tmp_path: Path
) -> None:
    folder = _write_segformer(tmp_path / 'segformer', ('street', 'path', 'tree', 'sky'))
    classes, out = tmp_path / 'map.yaml', tmp_path / 'w.safetensors'
    classes.write_text(
        'classes: [{name: road, colour: [1, 2, 3], from: [street, path]},'
        '{name: tree, colour: [4, 5, 6], from: [tree]},'
        '{name: sky, colour: [7, 8, 9], from: [sky]}]'
    )
    words = ['--model', f'hf:{folder}', '--classes', str(classes), '--start', 'pretrained']
    words += [*_folder_words(tiny_data, out), '--epochs', '0']
    assert pretrain_command.run(_parse(*words)) == 0
    update = load_update(out, LIMIT_BYTES)
    command = update.manifest.notes['command']
    assert '--start pretrained' in command
    assert '--classes map.yaml' in command
    model = EdgeModelConfig(f'hf:{folder}', 'pretrained', str(classes))
    own = decode(weights_of(model, LimitsConfig()), LIMIT_BYTES)
    found = decode(update, LIMIT_BYTES)
    assert all((own.edge[name] == array).all() for name, array in found.edge.items())
    assert found.miner
    settings = {'model.name': f'hf:{folder}', 'model.classes': str(classes)}
    config = replace_settings(EdgeConfig(), settings | {'model.weights': str(out)})
    assert build_edge(config).start.manifest.version == update.manifest.version


def test_a_network_of_another_library_is_trained(tiny_data: Path, tmp_path: Path) -> None:
    out = tmp_path / 'w.safetensors'
    words = [*_folder_words(tiny_data, out), '--model', 'smp:fpn/mobilenet_v2', '--epochs', '1']
    assert pretrain_command.run(_parse(*words)) == 0
    update = load_update(out, LIMIT_BYTES)
    assert update.manifest.model == 'smp:fpn/mobilenet_v2'
    assert '--classes' not in update.manifest.notes['command']


def test_own_weights_of_other_classes_are_refused(tiny_data: Path, tmp_path: Path) -> None:
    folder = _write_segformer(tmp_path / 'segformer', ('road', 'sky'))
    words = [*_folder_words(tiny_data, tmp_path / 'w.safetensors'), '--model', f'hf:{folder}']
    with pytest.raises(CatalogueMismatchError, match='from class 1 on: tree, sky, got 2 classes'):
        pretrain_command.run(_parse(*words, '--start', 'pretrained'))
