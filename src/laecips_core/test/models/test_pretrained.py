from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file
import torch
from torch import Tensor

from laecips_core.config import EdgeModelConfig
from laecips_core.config import MinerConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import LaecipsError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.models.library_import import import_library
from laecips_core.models.pretrained import pretrained_update
from laecips_core.models.torchvision_import import import_torchvision
from laecips_core.registry import build_edge_model
from laecips_core.registry import build_miner
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode
from laecips_core.zoo.cache import FOLDER_VARIABLE
from laecips_core.zoo.cache import place_of
from laecips_core.zoo.table import find

torch.set_num_threads(1)

LIMIT_BYTES = 100_000_000
SMALL, LARGER = (f'{name}_mobilenet_v3_large' for name in ('lraspp', 'deeplabv3'))
MAP = (
    'classes: [{name: ground, colour: [1, 2, 3], from: [road, grass]},'
    '{name: sky, colour: [4, 5, 6], from: [sky]}]'
)


class Trap:
    """When unpickled, makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def copy(segformer: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(segformer, tmp_path / 'copy'))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def update_of(name: str, classes: str = '', max_bytes: int = LIMIT_BYTES) -> WeightUpdate:
    return pretrained_update(EdgeModelConfig(name, 'pretrained', classes), max_bytes)


def official(name: str) -> Path:
    file = find(f'torchvision:{name}').file
    assert file is not None
    return place_of(file)


def theirs(name: str, classes: int = 21, **extra: bool) -> dict[str, Tensor]:
    torch.manual_seed(0)
    models = import_torchvision().models
    network = models.get_model(
        name, weights=None, weights_backbone=None, num_classes=classes, **extra
    )
    state: dict[str, Tensor] = network.state_dict()
    return state


def change_config(folder: Path, **facts: object) -> None:
    path = folder / 'config.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def test_the_weights_of_a_folder_run_as_in_transformers(segformer: Path) -> None:
    update = update_of(f'hf:{segformer}')
    config = EdgeModelConfig(f'hf:{segformer}', input_height_px=64, input_width_px=96)
    model = build_edge_model(config, 4, decode(update, LIMIT_BYTES).edge)
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    transformers = import_library('transformers')
    other = transformers.SegformerForSemanticSegmentation.from_pretrained(segformer).eval()
    processor = transformers.SegformerImageProcessor.from_pretrained(segformer, do_resize=False)
    with torch.inference_mode():
        expected = other(**processor(image, return_tensors='pt')).logits.softmax(dim=1)
    # Weights travel in half precision.
    np.testing.assert_allclose(model.predict([image]), expected.numpy(), atol=2e-3)


def test_they_are_named_by_the_model_and_its_classes(segformer: Path) -> None:
    update = update_of(f'hf:{segformer}')
    assert update.manifest.model == f'hf:{segformer}'
    assert update.manifest.parent == ''
    assert catalogue_of(update).names == ('road', 'grass', 'tree', 'sky')
    assert decode(update, LIMIT_BYTES).miner == {}


def test_two_machines_get_the_same_bytes(segformer: Path) -> None:
    first = update_of(f'hf:{segformer}')
    torch.rand(3)
    assert update_of(f'hf:{segformer}') == first


def test_a_pickled_file_gives_the_version_of_the_safe_one(copy: Path) -> None:
    expected = update_of(f'hf:{copy}').manifest.version
    torch.save(load_file(copy / 'model.safetensors'), copy / 'pytorch_model.bin')
    (copy / 'model.safetensors').unlink()
    assert update_of(f'hf:{copy}').manifest.version == expected


def test_names_of_older_releases_are_understood(mask2former: Path) -> None:
    update = update_of(f'hf:{mask2former}')
    transformers = import_library('transformers')
    kind = transformers.Mask2FormerForUniversalSegmentation
    state = kind.from_pretrained(mask2former).state_dict()
    # In the file the backbone has other names than in the network.
    assert not set(state) <= set(load_file(mask2former / 'model.safetensors'))
    edge = decode(update, LIMIT_BYTES).edge
    assert {name.removeprefix('network.') for name in edge} == set(state)
    for name, tensor in state.items():
        np.testing.assert_allclose(edge[f'network.{name}'], tensor.numpy(), rtol=1e-3, atol=1e-6)


def test_a_class_map_travels_with_the_weights(segformer: Path, tmp_path: Path) -> None:
    path = tmp_path / 'map.yaml'
    path.write_text(MAP)
    update = update_of(f'hf:{segformer}', str(path))
    assert catalogue_of(update).names == ('ground', 'sky')
    assert catalogue_of(update).colours == ((1, 2, 3), (4, 5, 6))
    assert decode(update, LIMIT_BYTES).edge['shares'].tolist() == [[1, 1, 0, 0], [0, 0, 0, 1]]
    assert update.manifest.version != update_of(f'hf:{segformer}').manifest.version


def test_weights_above_the_limit_are_refused(segformer: Path) -> None:
    with pytest.raises(WeightsError, match=r'expected at most 1000 bytes, .* limits\.max_up'):
        update_of(f'hf:{segformer}', max_bytes=1000)


@pytest.mark.parametrize(
    ('facts', 'match'),
    [
        (
            {'id2label': {'0': 'a', '1': 'b'}, 'label2id': {'a': 0, 'b': 1}},
            r'expected decode_head\.classifier\.\S+ \(2,.*\), got \S+ \(4,.*; choose the weights',
        ),
        ({'hidden_sizes': [8, 32]}, r'expected \S+ \(.*32.*\), got \S+ \(.*16.*\)'),
        ({'depths': [2, 1]}, r'expected also \S+, got \d+ tensors too few'),
    ],
)
def test_weights_of_another_network_are_refused(
    facts: dict[str, object], match: str, copy: Path
) -> None:
    change_config(copy, **facts)
    with pytest.raises(WeightsError, match=rf'model\.safetensors: {match}'):
        update_of(f'hf:{copy}')


def test_weights_of_a_deeper_network_are_refused(copy: Path) -> None:
    transformers = import_library('transformers')
    config = transformers.SegformerConfig.from_pretrained(copy, depths=[2, 1])
    deeper = transformers.SegformerForSemanticSegmentation(config).state_dict()
    (copy / 'model.safetensors').unlink()
    torch.save(deeper, copy / 'pytorch_model.bin')
    match = r'expected the weights of this network, got also \S+, \d+ tensors too many'
    with pytest.raises(WeightsError, match=match):
        update_of(f'hf:{copy}')


@pytest.mark.parametrize('file', ['model.safetensors', 'pytorch_model.bin'])
def test_a_cut_file_of_a_folder_is_refused(file: str, copy: Path) -> None:
    data = (copy / 'model.safetensors').read_bytes()
    (copy / 'model.safetensors').unlink()
    (copy / file).write_bytes(data[:-100])
    with pytest.raises(WeightsError, match=rf'{file}: expected a whole .* file, got'):
        update_of(f'hf:{copy}')


def springs(made: Path, act: Callable[[], object]) -> bool:
    with pytest.raises(WeightsError, match=r'expected tensors and nothing else, .* posix\.mkdir'):
        act()
    return made.exists()


def test_code_in_the_weights_of_a_folder_is_refused_and_not_run(copy: Path) -> None:
    (copy / 'model.safetensors').unlink()
    torch.save({'a': Trap(copy / 'made')}, copy / 'pytorch_model.bin')
    assert not springs(copy / 'made', lambda: update_of(f'hf:{copy}'))


def test_code_in_an_official_file_is_refused_and_not_run(cache: Path) -> None:
    torch.save({'a': Trap(cache / 'made')}, official(SMALL))
    assert not springs(cache / 'made', lambda: update_of(f'torchvision:{SMALL}'))


@pytest.mark.parametrize(('name', 'extra'), [(SMALL, {}), (LARGER, {'aux_loss': True})])
def test_an_official_file_of_torchvision_is_read(
    name: str, extra: dict[str, bool], cache: Path
) -> None:
    del cache
    state = theirs(name, **extra)
    torch.save(state, official(name))
    update = update_of(f'torchvision:{name}')
    assert len(catalogue_of(update)) == 21
    edge = decode(update, LIMIT_BYTES).edge
    expected = {
        f'network.{key}'
        for key in state
        if not key.startswith('aux_classifier') and not key.endswith('num_batches_tracked')
    }
    assert set(edge) == expected
    key = 'backbone.0.0.weight'
    np.testing.assert_allclose(edge[f'network.{key}'], state[key].numpy(), rtol=1e-3, atol=1e-6)


def test_an_official_file_of_other_classes_is_refused(cache: Path) -> None:
    del cache
    torch.save(theirs(SMALL, classes=5), official(SMALL))
    match = r'\.pth: expected the weights of this network, got \[tensor shapes: .*\(21,.*\(5,'
    with pytest.raises(WeightsError, match=match):
        update_of(f'torchvision:{SMALL}')


def test_an_official_file_of_another_network_is_refused(cache: Path) -> None:
    del cache
    torch.save(theirs(SMALL), official(LARGER))
    with pytest.raises(WeightsError, match=r'\.pth: expected the weights of this .* also classif'):
        update_of(f'torchvision:{LARGER}')


def test_a_cut_official_file_is_refused(cache: Path) -> None:
    del cache
    torch.save(theirs(SMALL), official(SMALL))
    official(SMALL).write_bytes(official(SMALL).read_bytes()[:-1000])
    with pytest.raises(WeightsError, match=r'\.pth: expected a whole torch file, got'):
        update_of(f'torchvision:{SMALL}')


def test_a_missing_official_file_is_refused_with_the_remedy(cache: Path) -> None:
    del cache
    with pytest.raises(WeightsError, match='got no file; run laecips models fetch torchvision:lr'):
        update_of(f'torchvision:{SMALL}')


@pytest.mark.parametrize(
    ('name', 'kind', 'match'),
    [
        ('rfnet', ConfigError, 'expected a weights file: rfnet has no weights of its own'),
        ('smp:unet/resnet18', WeightsError, 'laecips pretrain --model smp:unet/resnet18 and set'),
        ('torchvision:x', UnknownNameError, 'expected one of torchvision:'),
        ('hf:', UnknownNameError, 'hf:NAME'),
    ],
)
def test_models_without_weights_of_their_own_are_refused(
    name: str, kind: type[LaecipsError], match: str
) -> None:
    with pytest.raises(kind, match=match):
        update_of(name)


def test_without_a_fitted_miner_the_message_names_the_remedy(segformer: Path) -> None:
    weights = decode(update_of(f'hf:{segformer}'), LIMIT_BYTES)
    match = r'got none; fit it: laecips pretrain --start .* --epochs 0; or set miner\.name to mess'
    with pytest.raises(WeightsError, match=match):
        build_miner(MinerConfig('learned'), 4, weights.miner)
    assert build_miner(MinerConfig('mess'), 4, weights.miner).name == 'mess'
