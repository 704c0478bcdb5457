from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from laecips_bringup.records import FrameRecord
from laecips_bringup.records import RoundRecord
from laecips_bringup.records import RunRecord
from laecips_bringup.start_vs_end import format_comparison
from laecips_bringup.start_vs_end import StartVsEnd
from laecips_bringup.start_vs_end import versions_of
from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.errors import WeightsError
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.registry import network_builder
from laecips_core.setting import replace_settings
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import Source
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import save_update

CATALOGUE = ClassCatalogue(('a', 'b', 'c'), ((0, 0, 0), (1, 1, 1), (2, 2, 2)))
FRAME = FrameRecord(0, 10, 0, None, None, Source.EDGE, False, 0.9, 0.5, 'v1', '', 0, 0, 0, 0, 0)


class NoiseDataSet:
    name = 'noise'
    catalogue = CATALOGUE

    def __init__(self, frames: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.images = rng.integers(0, 256, (frames, 48, 64, 3), np.uint8)
        self.labels = rng.integers(0, 3, (frames, 48, 64), np.uint8)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> LabelledFrame:
        return LabelledFrame(
            Frame(self.images[index], index, f'noise/{index}'), self.labels[index]
        )


@pytest.fixture(scope='module')
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('store')


@pytest.fixture(scope='module')
def versions(store: Path) -> list[str]:
    model = EdgeModelConfig()
    size_px = model.input_height_px, model.input_width_px
    plan = NetworkPlan(network_builder(model), len(CATALOGUE), size_px)
    names = []
    for seed in (0, 1):
        weights = build_pair(plan, None, seed).weights()
        update = encode(weights, model=model.name, catalogue=CATALOGUE)
        save_update(store / f'{update.manifest.version}.safetensors', update)
        names.append(update.manifest.version)
    return names


def masks_of(version: str, store: Path, dataset: NoiseDataSet) -> list[np.ndarray]:
    path = str(store / f'{version}.safetensors')
    pipeline = build_edge(replace_settings(EdgeConfig(), {'model.weights': path})).pipeline
    return [pipeline.process(dataset[i].frame).segmentation.labels for i in range(len(dataset))]


def iou_mean(masks: np.ndarray, truth: np.ndarray) -> float:
    ious = []
    for label in range(3):
        both = ((masks == label) & (truth == label)).sum()
        ious.append(both / ((masks == label) | (truth == label)).sum())
    return float(np.mean(ious))


def test_both_versions_are_scored_on_all_of_the_stream(store: Path, versions: list[str]) -> None:
    stream, source = NoiseDataSet(2, seed=0), NoiseDataSet(8, seed=1)
    compared = StartVsEnd(*versions, store).compare(stream, source)
    assert (compared['start_version'], compared['end_version']) == tuple(versions)
    for name, version in zip(('start', 'end'), versions, strict=True):
        masks = np.stack(masks_of(version, store, stream))
        scores = compared['stream'][name]
        assert scores['miou_dataset'] == pytest.approx(iou_mean(masks, stream.labels))
        each = [iou_mean(m, t) for m, t in zip(masks, stream.labels, strict=True)]
        assert scores['miou'] == pytest.approx(np.mean(each))


def test_only_held_out_source_frames_count(store: Path, versions: list[str]) -> None:
    stream, source = NoiseDataSet(1, seed=0), NoiseDataSet(8, seed=1)
    compared = StartVsEnd(versions[0], versions[0], store).compare(stream, source)
    mask = masks_of(versions[0], store, source)[3]
    expected = iou_mean(mask, source.labels[3])
    assert compared['held_out_source']['start']['miou_dataset'] == pytest.approx(expected)
    assert compared['held_out_source']['end'] == compared['held_out_source']['start']


def test_version_that_is_not_in_the_store_is_named(store: Path) -> None:
    compare = StartVsEnd('gone', 'gone', store).compare
    with pytest.raises(WeightsError, match='gone'):
        compare(NoiseDataSet(1, seed=0), NoiseDataSet(8, seed=1))


def test_last_version_is_that_of_the_last_round() -> None:
    run = RunRecord('LAECIPS', 1, 1, 0, [FRAME])
    assert versions_of(run, Path('s'), {}) == StartVsEnd('v1', 'v1', Path('s'))
    run.rounds = [RoundRecord(1, 'RELEASED', 'v2', '', 4, 1.0, 0)]
    assert versions_of(run, Path('s'), {}) == StartVsEnd('v1', 'v2', Path('s'))


def test_table_shows_both_ends() -> None:
    scores = {'start': {'miou_dataset': 0.25}, 'end': {'miou_dataset': 0.75}}
    console = Console(width=100, record=True)
    console.print(format_comparison({'stream': scores, 'held_out_source': scores}))
    text = console.export_text()
    assert 'held-out source frames' in text
    assert text.count('0.250') == text.count('0.750') == 2
