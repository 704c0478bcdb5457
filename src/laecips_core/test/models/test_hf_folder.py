from __future__ import annotations

import json
import logging
from pathlib import Path
import shutil

import pytest

from laecips_core.errors import WeightsError
from laecips_core.models.adapted import IMAGENET
from laecips_core.models.hf_folder import folder_of
from laecips_core.models.hf_folder import read_config
from laecips_core.models.hf_folder import read_scale
from laecips_core.models.hf_folder import read_tensors

REPOSITORY = 'nobody/no-such-model'


@pytest.fixture
def copy(segformer: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(segformer, tmp_path / 'copy'))


def preprocessor(folder: Path, **facts: object) -> None:
    (folder / 'preprocessor_config.json').write_text(json.dumps(facts))


def test_a_folder_is_found(segformer: Path) -> None:
    assert folder_of('hf', str(segformer)) == segformer


def test_a_repository_is_found_in_the_cache(
    segformer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / 'models--nobody--no-such-model'
    (cache / 'refs').mkdir(parents=True)
    (cache / 'refs' / 'main').write_text('abc')
    shutil.copytree(segformer, cache / 'snapshots' / 'abc')
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_CACHE', str(tmp_path))
    assert folder_of('hf', REPOSITORY) == cache / 'snapshots' / 'abc'


@pytest.mark.parametrize('name', [REPOSITORY, '/no/such/folder', 'a/b/c', '../x'])
def test_what_is_not_on_this_machine_is_refused_with_the_remedy(name: str) -> None:
    match = rf'hf:{name}: expected a folder, or a .*; run laecips models fetch hf:{name}'
    with pytest.raises(WeightsError, match=match):
        folder_of('hf', name)


def test_a_folder_without_a_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r'config\.json: expected a readable file'):
        folder_of('hf', str(tmp_path))


def test_a_huge_configuration_is_refused(copy: Path) -> None:
    (copy / 'config.json').write_text(' ' * 1_000_001)
    with pytest.raises(WeightsError, match=r'config\.json: expected at most 1000000 bytes'):
        folder_of('hf', str(copy))


@pytest.mark.parametrize(
    'text',
    [
        '',
        '{',
        '[]',
        '{}',
        '{"model_type": "no-such-type"}',
        '{"model_type": "segformer", "depths": "deep"}',
        '{"model_type": "segformer", "id2label": "road"}',
    ],
)
def test_a_damaged_configuration_is_refused(text: str, copy: Path) -> None:
    (copy / 'config.json').write_text(text)
    with pytest.raises(WeightsError, match=r'config\.json: expected a configuration that transf'):
        read_config(copy)


def test_code_beside_the_configuration_is_not_run(copy: Path) -> None:
    made = copy / 'made'
    (copy / 'code.py').write_text(f'open({str(made)!r}, "w")\nclass Config: pass\n')
    facts = {'model_type': 'own', 'auto_map': {'AutoConfig': 'code.Config'}}
    (copy / 'config.json').write_text(json.dumps(facts))
    with pytest.raises(WeightsError, match='trust_remote_code'):
        read_config(copy)
    assert not made.exists()


def test_the_scale_of_images_is_that_of_the_folder(segformer: Path) -> None:
    scale = read_scale(segformer)
    assert scale.mean == pytest.approx([25.5, 51.0, 76.5])
    assert scale.deviation == pytest.approx([127.5, 63.75, 51.0])
    assert scale.channels == (0, 1, 2)


def test_a_network_that_wants_blue_first_and_no_mean_gets_that(copy: Path) -> None:
    preprocessor(copy, image_processor_type='MobileViTImageProcessor', do_flip_channel_order=True)
    scale = read_scale(copy)
    assert (scale.mean, scale.deviation) == ((0.0,) * 3, pytest.approx((255.0,) * 3))
    assert scale.channels == (2, 1, 0)


def test_without_a_scale_that_of_imagenet_is_taken_and_told(
    copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (copy / 'preprocessor_config.json').unlink()
    with caplog.at_level(logging.WARNING):
        assert read_scale(copy) is IMAGENET
    assert 'scaled as for ImageNet' in caplog.text


@pytest.mark.parametrize(
    'facts',
    [
        {'image_processor_type': 'SegformerImageProcessor', 'image_std': [0.0, 1.0, 1.0]},
        {'image_processor_type': 'SegformerImageProcessor', 'image_mean': [0.5, 0.5]},
        {'image_processor_type': 'SegformerImageProcessor', 'rescale_factor': 0.0},
        {'image_processor_type': 'SegformerImageProcessor', 'image_mean': 'grey'},
        {'image_processor_type': 'NoSuchImageProcessor'},
    ],
)
def test_a_damaged_scale_is_refused(facts: dict[str, object], copy: Path) -> None:
    preprocessor(copy, **facts)
    with pytest.raises(WeightsError, match=r'preprocessor_config\.json: expected the scaling of'):
        read_scale(copy)


def test_a_folder_without_weights_is_refused_with_the_remedy(copy: Path) -> None:
    (copy / 'model.safetensors').unlink()
    match = r'x: expected model\.safetensors or pytorch_model\.bin .*; run laecips models fetch x,'
    with pytest.raises(WeightsError, match=match):
        read_tensors('x', copy)
