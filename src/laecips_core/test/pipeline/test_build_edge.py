from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import ControllerConfig
from laecips_core.config import EdgeConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.config import MinerConfig
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.values import Frame
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import save_update

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

SIZE_PX = (64, 96)
CATALOGUE = ClassCatalogue(('road', 'tree', 'sky'), ((1, 2, 3), (4, 5, 6), (7, 8, 9)))
OTHERS = ClassCatalogue(('road', 'sky', 'tree'), CATALOGUE.colours)
IMAGE = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)


def update(
    seed: int, catalogue: ClassCatalogue = CATALOGUE, name: str = 'fast_scnn'
) -> WeightUpdate:
    pair = build_pair(NetworkPlan(FastScnn, len(catalogue), SIZE_PX), None, seed)
    return encode(pair.weights(), model=name, catalogue=catalogue)


def weights_file(folder: Path, content: WeightUpdate | None = None) -> str:
    path = folder / 'start.safetensors'
    save_update(path, content or update(0))
    return str(path)


def model(weights: str) -> EdgeModelConfig:
    return EdgeModelConfig(weights=weights, input_height_px=64, input_width_px=96)


def test_an_edge_runs_the_weights_of_its_file(tmp_path: Path) -> None:
    config = EdgeConfig(model=model(weights_file(tmp_path)), miner=MinerConfig(threshold=0.75))
    edge = build_edge(config)
    assert edge.start == update(0)
    assert edge.pipeline.weights_version == edge.start.manifest.version
    assert edge.parts.catalogue == CATALOGUE
    assert edge.device == ('cuda' if torch.cuda.is_available() else 'cpu')
    done = edge.pipeline.process(Frame(IMAGE, 0, 'a'))
    assert done.prediction.softmax.shape == (3, 16, 24)
    assert (done.verdict.threshold, done.verdict.miner) == (0.75, 'learned')


def test_an_edge_runs_the_controller_of_its_name(tmp_path: Path) -> None:
    controller = ControllerConfig(name='upload_rate', upload_rate=0.25)
    config = EdgeConfig(model=model(weights_file(tmp_path)), controller=controller)
    facts = build_edge(config).pipeline.facts()
    assert (facts['controller'], facts['target_rate']) == ('upload_rate', 0.25)
    with pytest.raises(UnknownNameError, match=r'controller\.name: expected one of byte_rate, fi'):
        build_edge(replace(config, controller=ControllerConfig(name='x')))


def test_a_miner_without_weights_needs_none(tmp_path: Path) -> None:
    bare = encode(
        replace(build_pair(NetworkPlan(FastScnn, 3, SIZE_PX), None, 0).weights(), miner={}),
        model='fast_scnn',
        catalogue=CATALOGUE,
    )
    path = weights_file(tmp_path, bare)
    edge = build_edge(EdgeConfig(model=model(path), miner=MinerConfig('always')))
    assert edge.pipeline.process(Frame(IMAGE, 0, 'a')).verdict.hard
    with pytest.raises(WeightsError, match='expected those of the learned miner, got none'):
        build_edge(EdgeConfig(model=model(path)))


def test_the_threads_of_inference_are_set(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        edge = build_edge(EdgeConfig(model=replace(model(weights_file(tmp_path)), threads=2)))
        edge.pipeline.process(Frame(IMAGE, 0, 'a'))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (
            EdgeConfig(miner=MinerConfig(threshold=1.5)),
            r'miner\.threshold: expected float in \[0, 1\], got 1\.5',
        ),
        (
            EdgeConfig(model=EdgeModelConfig(input_height_px=31)),
            r'model\.input_height_px: expected int in \[32, 4096\], got 31',
        ),
        (
            EdgeConfig(controller=ControllerConfig(upload_rate=1.1)),
            r'controller\.upload_rate: expected float in \[0, 1\], got 1\.1',
        ),
        (EdgeConfig(image_transport='x'), 'image_transport: expected one of raw, compressed, got'),
    ],
)
def test_an_edge_refuses_a_bad_value_by_name(config: EdgeConfig, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_edge(config)


def test_a_missing_weights_file_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / 'none.safetensors')
    with pytest.raises(WeightsError, match=r'none\.safetensors: expected a weights file'):
        build_edge(EdgeConfig(model=model(path)))


def test_a_damaged_weights_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'cut.safetensors'
    path.write_bytes(update(0).payload[:-1])
    with pytest.raises(WeightsError, match=r'cut\.safetensors: expected an undamaged weights'):
        build_edge(EdgeConfig(model=model(str(path))))


def test_a_weights_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    limits = replace(LimitsConfig(), max_update_bytes=1000)
    with pytest.raises(WeightsError, match='expected at most 1000 bytes'):
        build_edge(EdgeConfig(model=model(weights_file(tmp_path)), limits=limits))


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    path = weights_file(tmp_path, update(0, name='rfnet'))
    with pytest.raises(WeightsError, match='expected model fast_scnn, got model rfnet'):
        build_edge(EdgeConfig(model=model(path)))


def test_an_unknown_model_is_refused(tmp_path: Path) -> None:
    config = EdgeConfig(model=replace(model(weights_file(tmp_path)), name='x'))
    with pytest.raises(
        UnknownNameError,
        match=r'model\.name: expected one of fast_scnn, fast_scnn_wide, hf:NAME, rfnet',
    ):
        build_edge(config)


def test_an_unknown_miner_is_refused(tmp_path: Path) -> None:
    config = EdgeConfig(model=model(weights_file(tmp_path)), miner=MinerConfig('x'))
    with pytest.raises(UnknownNameError, match=r'miner\.name: expected one of always, benefit'):
        build_edge(config)


def test_an_update_of_other_classes_is_refused(tmp_path: Path) -> None:
    edge = build_edge(EdgeConfig(model=model(weights_file(tmp_path))))
    with pytest.raises(CatalogueMismatchError, match='from class 1 on: tree, sky, got 3 classes'):
        edge.parts.load(update(1, OTHERS))
