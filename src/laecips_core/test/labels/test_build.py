from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LabelConfig
from laecips_core.config import LimitsConfig
from laecips_core.engines.torch_engine import TorchEdgeModel
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.labels.build import build_label_source
from laecips_core.labels.edge_labels import EdgeLabels
from laecips_core.labels.teacher import mirrored_mean
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.models.fast_scnn import FastScnnWide
from laecips_core.models.library_import import import_library
from laecips_core.ports import LabelSource
from laecips_core.values import ModelWeights
from laecips_core.values import Prediction
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import encode
from laecips_core.weights.encoding import rounded
from laecips_core.weights.files import save_update

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

SIZE_PX, TEACHER_PX = (32, 48), (64, 96)
CATALOGUE = ClassCatalogue(('road', 'tree', 'sky'), ((1, 2, 3), (4, 5, 6), (7, 8, 9)))
OTHERS = ClassCatalogue(('road', 'sky', 'tree'), CATALOGUE.colours)
MODEL = EdgeModelConfig(input_height_px=32, input_width_px=48)
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
EDGE = Prediction(np.ones((3, 1, 1), np.float32), (40, 60), 'edge')


def weights(network: type[FastScnn], seed: int) -> ModelWeights:
    return build_pair(NetworkPlan(network, 3, SIZE_PX), None, seed).weights()


START_WEIGHTS, TEACHER_WEIGHTS = weights(FastScnn, 0), weights(FastScnnWide, 1)
START = encode(START_WEIGHTS, model='fast_scnn', catalogue=CATALOGUE)
TEACHER = encode(TEACHER_WEIGHTS, model='fast_scnn_wide', catalogue=CATALOGUE)


def config(folder: Path, source: str, update: WeightUpdate = TEACHER) -> LabelConfig:
    path = folder / 'teacher.safetensors'
    save_update(path, update)
    height, width = TEACHER_PX
    return LabelConfig(
        source,
        str(path),
        input_height_px=height,
        input_width_px=width,
        teacher_share=0.75,
    )


def built(labels: LabelConfig, limits: LimitsConfig | None = None) -> LabelSource:
    return build_label_source(labels, MODEL, START, limits or LimitsConfig())


def expected(
    network: type[FastScnn], arrays: ModelWeights, size_px: tuple[int, int]
) -> np.ndarray:
    model = TorchEdgeModel('', network(3), size_px)
    model.load_weights(rounded(arrays).edge)
    return mirrored_mean(model, IMAGE)


def test_the_edge_is_its_own_source_by_default() -> None:
    assert isinstance(built(LabelConfig()), EdgeLabels)


def test_a_teacher_labels_with_its_own_weights_at_its_own_size(tmp_path: Path) -> None:
    source = built(config(tmp_path, 'teacher:fast_scnn_wide'))
    labels = source.labels(IMAGE, EDGE)
    np.testing.assert_array_equal(
        labels.softmax, expected(FastScnnWide, TEACHER_WEIGHTS, TEACHER_PX)
    )
    assert labels.softmax.shape == (3, 16, 24)
    assert (labels.size_px, labels.weights_version) == ((40, 60), TEACHER.manifest.version)
    assert source.name == 'teacher:fast_scnn_wide'


def test_a_mix_adds_the_start_weights_at_the_size_of_the_edge(tmp_path: Path) -> None:
    same_size = replace(
        config(tmp_path, 'mix:fast_scnn_wide'), input_height_px=32, input_width_px=48
    )
    source = built(same_size)
    taught = expected(FastScnnWide, TEACHER_WEIGHTS, SIZE_PX)
    own = expected(FastScnn, START_WEIGHTS, SIZE_PX)
    labels = source.labels(IMAGE, EDGE)
    np.testing.assert_allclose(labels.softmax, 0.75 * taught + 0.25 * own, rtol=1e-5)
    assert source.name == 'mix:fast_scnn_wide'


def test_a_teacher_of_the_network_of_the_edge_may_have_other_weights(tmp_path: Path) -> None:
    other = weights(FastScnn, 5)
    update = encode(other, model='fast_scnn', catalogue=CATALOGUE)
    labels = built(config(tmp_path, 'teacher:fast_scnn', update)).labels(IMAGE, EDGE)
    np.testing.assert_array_equal(labels.softmax, expected(FastScnn, other, TEACHER_PX))


@pytest.mark.parametrize(
    'source', ['x', '', 'teacher', 'teacher:', 'mix:', 'edge:fast_scnn', 'sam3:', 'sam3']
)
def test_an_unknown_source_is_refused_with_the_known_forms(source: str) -> None:
    match = r'labels\.source: expected one of edge, mix:NETWORK, sam3:R.*, teacher:NETWORK, got'
    with pytest.raises(UnknownNameError, match=match):
        built(LabelConfig(source))


@pytest.mark.parametrize('source', ['teacher:x', 'mix:x'])
def test_an_unknown_network_is_refused_before_its_weights_are_read(source: str) -> None:
    match = r"expected one of fast_scnn, fast_scnn_wide, hf:NAME, rfnet, .* got 'x'"
    with pytest.raises(UnknownNameError, match=match):
        built(LabelConfig(source, weights='none.safetensors'))


@pytest.mark.parametrize('source', ['teacher:fast_scnn', 'mix:fast_scnn'])
def test_a_teacher_without_weights_is_refused(source: str) -> None:
    match = r"labels\.weights: expected a weights file of the teacher, or pretrained.*, got ''"
    with pytest.raises(ConfigError, match=match):
        built(LabelConfig(source))


def test_a_missing_weights_file_is_refused(tmp_path: Path) -> None:
    labels = LabelConfig('teacher:fast_scnn', weights=str(tmp_path / 'none.safetensors'))
    with pytest.raises(WeightsError, match=r'none\.safetensors: expected a weights file'):
        built(labels)


def test_a_weights_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    labels = config(tmp_path, 'teacher:fast_scnn_wide')
    with pytest.raises(WeightsError, match='max_update_bytes'):
        built(labels, LimitsConfig(max_update_bytes=1000))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match='expected model fast_scnn, got model fast_scnn_wide'):
        built(config(tmp_path, 'teacher:fast_scnn'))


def test_weights_of_other_classes_are_refused(tmp_path: Path) -> None:
    update = encode(TEACHER_WEIGHTS, model='fast_scnn_wide', catalogue=OTHERS)
    with pytest.raises(CatalogueMismatchError, match='classes of weights'):
        built(config(tmp_path, 'mix:fast_scnn_wide', update))


def test_weights_that_do_not_fill_the_network_are_refused(tmp_path: Path) -> None:
    update = encode(START_WEIGHTS, model='fast_scnn_wide', catalogue=CATALOGUE)
    with pytest.raises(WeightsError, match='tensor shapes'):
        built(config(tmp_path, 'teacher:fast_scnn_wide', update))


FOUR = ClassCatalogue(('road', 'grass', 'tree', 'sky'), ((0, 0, 0),) * 4)
MAP = """classes:
- {name: road, colour: [1, 2, 3], from: [road, grass]}
- {name: tree, colour: [4, 5, 6], from: [tree]}
- {name: sky, colour: [7, 8, 9], from: [sky]}
"""


def of_transformers(folder: Path) -> np.ndarray:
    transformers = import_library('transformers')
    height, width = TEACHER_PX
    model = transformers.SegformerForSemanticSegmentation.from_pretrained(folder).eval()
    processor = transformers.SegformerImageProcessor.from_pretrained(folder, do_resize=False)
    small = cv2.resize(IMAGE, (width, height), interpolation=cv2.INTER_AREA)
    maps = []
    for image in (small, small[:, ::-1].copy()):
        with torch.inference_mode():
            logits = model(**processor(image, return_tensors='pt')).logits
        maps.append(logits.softmax(dim=1)[0].numpy())
    mean: np.ndarray = (maps[0] + maps[1][:, :, ::-1]) / 2
    return mean


def own(source: str, classes: str = '') -> LabelConfig:
    height, width = TEACHER_PX
    return LabelConfig(source, 'pretrained', classes, height, width)


def test_a_model_of_another_library_teaches_with_its_own_weights(segformer: Path) -> None:
    start = encode(weights(FastScnn, 0), model='fast_scnn', catalogue=FOUR)
    source = build_label_source(own(f'teacher:hf:{segformer}'), MODEL, start, LimitsConfig())
    labels = source.labels(IMAGE, EDGE)
    # Its weights are kept in half precision.
    np.testing.assert_allclose(labels.softmax, of_transformers(segformer), atol=2e-3)
    assert source.name == f'teacher:hf:{segformer}'


@pytest.mark.parametrize('kind', ['teacher', 'mix'])
def test_a_class_map_makes_it_speak_of_the_classes_of_the_edge(
    kind: str, segformer: Path, tmp_path: Path
) -> None:
    path = tmp_path / 'map.yaml'
    path.write_text(MAP)
    source = built(replace(own(f'{kind}:hf:{segformer}', str(path)), teacher_share=1.0))
    road, grass, tree, sky = of_transformers(segformer)
    labels = source.labels(IMAGE, EDGE)
    np.testing.assert_allclose(labels.softmax, [road + grass, tree, sky], atol=2e-3)


def test_other_classes_than_those_of_the_edge_are_refused_with_the_remedy(
    segformer: Path,
) -> None:
    match = 'expected 3 classes, from class 1 on: tree, sky, got 4 classes.*class map'
    with pytest.raises(CatalogueMismatchError, match=match):
        built(own(f'teacher:hf:{segformer}'))


def test_a_class_map_of_other_classes_is_refused(segformer: Path, tmp_path: Path) -> None:
    path = tmp_path / 'map.yaml'
    path.write_text(MAP.replace('name: tree', 'name: wood'))
    with pytest.raises(CatalogueMismatchError, match='from class 1 on: wood, sky'):
        built(own(f'teacher:hf:{segformer}', str(path)))


def test_a_teacher_without_weights_of_its_own_is_refused() -> None:
    with pytest.raises(ConfigError, match='rfnet has no weights of its own'):
        built(own('teacher:rfnet'))


def test_the_teacher_runs_in_torch_whatever_runs_the_edge(tmp_path: Path) -> None:
    model = replace(MODEL, engine='tensorrt', precision='fp16')
    source = build_label_source(
        config(tmp_path, 'mix:fast_scnn_wide'), model, START, LimitsConfig()
    )
    assert source.labels(IMAGE, EDGE).softmax.shape == (3, 16, 24)


def test_sam_3_is_asked_for_the_classes_of_the_edge(tiny_sam3: Path) -> None:
    source = built(LabelConfig(f'sam3:{tiny_sam3}'))
    edge = Prediction(np.full((3, 4, 4), 1 / 3, np.float32), (40, 60), 'edge')
    softmax = source.labels(IMAGE, edge).softmax
    assert source.name == f'sam3:{tiny_sam3}'
    np.testing.assert_allclose(softmax.sum(axis=0), 1.0, rtol=1e-5)
