from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from typing import cast

import cv2
import numpy as np
import pytest
import torch

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import CloudConfig
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import FusionConfig
from laecips_core.config import LabelConfig
from laecips_core.config import LimitsConfig
from laecips_core.config import MaskConfig
from laecips_core.config import MinerConfig
from laecips_core.config import UpdateConfig
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import ConfigError
from laecips_core.errors import DataSetError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import UnknownVersionError
from laecips_core.errors import WeightsError
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import sha256_hex
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.trainer import RoundResult
from laecips_core.learning.trainer import Trainer
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.pipeline.build_cloud import build_cloud
from laecips_core.pipeline.cloud import CloudPass
from laecips_core.pipeline.cloud import HardFrame
from laecips_core.pipeline.running_cloud import Cloud
from laecips_core.ports import LabelSource
from laecips_core.ports import MaskGenerator
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet
from laecips_core.values import Prediction
from laecips_core.values import Sample
from laecips_core.values import WeightUpdate
from laecips_core.weights.delta import apply_delta
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import save_update
from laecips_core.weights.store import VersionStore
from laecips_core.weights.transfer import DELTA_ENCODING

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

SIZE_PX = (64, 96)
CATALOGUE = ClassCatalogue(('road', 'tree', 'sky'), ((1, 2, 3), (4, 5, 6), (7, 8, 9)))
OTHERS = ClassCatalogue(('road', 'sky', 'tree'), CATALOGUE.colours)
IMAGE = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
PNG = encode_image(IMAGE, 'png', 1)
NO_UPDATES = UpdateConfig(rule='none')


@cache
def update(seed: int, catalogue: ClassCatalogue = CATALOGUE) -> WeightUpdate:
    pair = build_pair(NetworkPlan(FastScnn, len(catalogue), SIZE_PX), None, seed)
    return encode(pair.weights(), model='fast_scnn', catalogue=catalogue)


def weights_file(folder: Path) -> str:
    path = folder / 'start.safetensors'
    save_update(path, update(0))
    return str(path)


def model(weights: str) -> EdgeModelConfig:
    return EdgeModelConfig(weights=weights, input_height_px=64, input_width_px=96)


def cloud_config(folder: Path, **others: Any) -> CloudConfig:
    facts = {'model': model(weights_file(folder)), 'masks': MaskConfig('none'), **others}
    return CloudConfig(**{'update': NO_UPDATES, **facts})


def data_set(folder: Path, frames: int, names: str = 'road tree sky') -> DataSetConfig:
    """Write a tiny data folder, its image a class's shade of grey."""
    for part in ('images', 'labels'):
        (folder / part).mkdir(parents=True)
    colours = ''.join(f'- {{name: {name}, colour: [0, 0, 0]}}\n' for name in names.split())
    (folder / 'dataset.yaml').write_text(f'classes:\n{colours}')
    labels = np.repeat(np.arange(3, dtype=np.uint8), 32)[None].repeat(64, axis=0)
    for number in range(frames):
        cv2.imwrite(
            str(folder / 'images' / f'walk_{number:03d}.png'), cv2.merge([labels * 80] * 3)
        )
        cv2.imwrite(str(folder / 'labels' / f'walk_{number:03d}.png'), labels)
    return DataSetConfig(name='folder', root=str(folder))


def request(version: str, stamp_ns: int = 0) -> HardFrame:
    return HardFrame('a', 'dog', stamp_ns, version, CATALOGUE.sha256, sha256_hex(PNG), PNG)


def segment(cloud: Cloud, version: str, stamp_ns: int = 0) -> Sample:
    return cloud.pipeline.segment(request(version, stamp_ns)).sample


def test_a_cloud_refuses_a_bad_value_by_name() -> None:
    config = CloudConfig(update=UpdateConfig(learning_rate=2.0))
    with pytest.raises(ConfigError, match=r'update\.learning_rate: .* in \[1e-08, 1\], got 2\.0'):
        build_cloud(config)


def test_a_cloud_without_its_weights_file_is_refused(tmp_path: Path) -> None:
    config = CloudConfig(model=model(str(tmp_path / 'none.safetensors')))
    with pytest.raises(WeightsError, match=r'none\.safetensors: expected a weights file'):
        build_cloud(config)


def test_a_cloud_starts_with_the_weights_of_its_file(tmp_path: Path) -> None:
    cloud = build_cloud(cloud_config(tmp_path))
    assert cloud.newest == update(0)
    assert (cloud.trainer, cloud.catalogue) == (None, CATALOGUE)
    sample = segment(cloud, cloud.newest.manifest.version)
    assert sample.segmentation.weights_version == cloud.newest.manifest.version


def test_a_cloud_answers_with_released_versions(tmp_path: Path) -> None:
    cloud = build_cloud(cloud_config(tmp_path))
    cloud.store.put(update(1))
    assert cloud.newest == update(1)
    for version in (update(0).manifest.version, update(1).manifest.version):
        assert segment(cloud, version).segmentation.weights_version == version
    with pytest.raises(UnknownVersionError, match='version: expected one of'):
        segment(cloud, update(2).manifest.version)


@pytest.mark.parametrize('keep', [1, 2])
def test_a_cloud_restarts_with_its_newest_and_still_knows_its_first(
    tmp_path: Path, keep: int
) -> None:
    config = cloud_config(tmp_path, store=str(tmp_path / 'store'), keep_versions=keep)
    first = build_cloud(config)
    for seed in (1, 2, 3):
        first.store.put(update(seed))
    again = build_cloud(config)
    assert again.newest == update(3)
    for seed in (0, 3):
        version = update(seed).manifest.version
        assert segment(again, version).segmentation.weights_version == version


@pytest.mark.parametrize('seed', [0, 1])
def test_a_store_of_other_classes_is_refused_at_the_start(tmp_path: Path, seed: int) -> None:
    # With seed 0 the numbers, and so the version, are those of the start.
    VersionStore(tmp_path / 'store', 4, 10**8).put(update(seed, OTHERS))
    with pytest.raises(CatalogueMismatchError, match='classes of weights'):
        build_cloud(cloud_config(tmp_path, store=str(tmp_path / 'store')))


@pytest.mark.parametrize(
    ('others', 'message'),
    [
        ({'miner': MinerConfig('x')}, 'miner.name: expected one of always, benefit, learned'),
        (
            {'masks': MaskConfig('x')},
            'masks.name: expected one of ground_truth, hf-sam:NAME, none',
        ),
        ({'fusion': FusionConfig('x')}, 'fusion.name: expected one of guarded, log_mix, plain'),
        (
            {'update': UpdateConfig(rule='x', source_frames=0, gate_frames=0)},
            'update.rule: expected one of careful, coordinates, paper, statistics, superv',
        ),
        ({'update': UpdateConfig(), 'source': DataSetConfig('x')}, 'dataset: expected one of'),
        ({'labels': LabelConfig('x')}, 'labels.source: expected one of edge, mix:NETWORK, sam3'),
    ],
)
def test_a_cloud_refuses_unknown_names(
    tmp_path: Path, others: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message):
        build_cloud(cloud_config(tmp_path, **others))


def test_source_frames_of_other_classes_are_refused(tmp_path: Path) -> None:
    source = data_set(tmp_path / 'data', 1, 'road sky tree')
    match = r"classes of the source data set: expected \('road', 'tree', 'sky'\), got \('road', 's"
    with pytest.raises(CatalogueMismatchError, match=match):
        build_cloud(cloud_config(tmp_path, update=UpdateConfig(), source=source))


def test_a_missing_source_data_set_is_refused(tmp_path: Path) -> None:
    source = DataSetConfig('folder', str(tmp_path / 'none'))
    with pytest.raises(DataSetError, match='none'):
        build_cloud(cloud_config(tmp_path, update=UpdateConfig(), source=source))


def test_a_source_that_no_one_asks_for_is_not_opened(tmp_path: Path) -> None:
    updates = UpdateConfig(source_frames=0, gate_frames=0)
    source = DataSetConfig('folder', str(tmp_path / 'none'))
    assert build_cloud(cloud_config(tmp_path, update=updates, source=source)).trainer is not None


def test_a_built_trainer_trains_and_judges_with_the_source_frames(tmp_path: Path) -> None:
    config = cloud_config(
        tmp_path,
        update=UpdateConfig(epochs=1, batch_size=2, gate_frames=1, source_frames=2),
        source=data_set(tmp_path / 'data', 8),
    )
    cloud = build_cloud(config)
    assert cloud.trainer is not None
    sample = segment(cloud, cloud.newest.manifest.version)
    result = cloud.trainer.round(cloud.newest, [sample] * 5, 1)
    assert 'on 1 frames (at first' in result.reason
    assert result.reason.endswith('on 1')
    if result.update is not None:
        assert result.update.manifest.parent == cloud.newest.manifest.version
        assert result.update.manifest.notes == {'made_by': 'update rule careful'}


@dataclass
class Rounds:
    """Stands in for a trainer: releases what it is told to, after ``meanwhile``."""

    update: WeightUpdate | None
    meanwhile: Callable[[], None] = go_on
    asked: list[tuple[str, int, int]] = field(default_factory=list)

    def round(
        self,
        running: WeightUpdate,
        samples: Sequence[Sample],
        number: int,
        checkpoint: Callable[[], None] = go_on,
    ) -> RoundResult:
        checkpoint()
        self.asked.append((running.manifest.version, len(samples), number))
        self.meanwhile()
        return RoundResult(self.update, 'measured', len(samples), 1.5)


def trained_by(rounds: Rounds, cloud: Cloud) -> Cloud:
    return replace(cloud, trainer=cast('Trainer', rounds))


def watching(folder: Path, frames: int = 2, **others: Any) -> Cloud:
    update_config = UpdateConfig(rule='none', watch_frames=frames, watch_tolerance=0.0)
    return build_cloud(cloud_config(folder, update=update_config, **others))


def judged_wrong(cloud: Cloud, version: str) -> CloudPass:
    """Give a pass whose labels are those of the start, which another version does not have."""
    right = segment(cloud, update(0).manifest.version)
    done = cloud.pipeline.segment(request(version))
    return replace(done, sample=right)


def test_without_an_update_rule_no_round_is_run(tmp_path: Path) -> None:
    cloud = build_cloud(cloud_config(tmp_path))
    with pytest.raises(ConfigError, match=r"update\.rule: expected an update rule, got 'none'"):
        cloud.train([], 1)


def test_a_released_version_is_put_into_force(tmp_path: Path) -> None:
    rounds = Rounds(update(1))
    cloud = trained_by(rounds, build_cloud(cloud_config(tmp_path)))
    sample = segment(cloud, cloud.newest.manifest.version)
    result = cloud.train([sample] * 3, 7)
    assert result == RoundResult(update(1), 'measured', 3, 1.5)
    assert cloud.newest == update(1)
    assert rounds.asked == [(update(0).manifest.version, 3, 7)]


def test_a_rejected_round_changes_nothing(tmp_path: Path) -> None:
    cloud = trained_by(Rounds(None), build_cloud(cloud_config(tmp_path)))
    assert cloud.train([], 1) == RoundResult(None, 'measured', 0, 1.5)
    assert cloud.newest == update(0)


def test_a_round_can_be_ended(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    rounds = Rounds(update(1))
    cloud = trained_by(rounds, build_cloud(cloud_config(tmp_path)))
    with pytest.raises(KeyboardInterrupt):
        cloud.train([], 1, stop)
    assert rounds.asked == []
    assert cloud.newest == update(0)


def test_no_version_comes_of_a_parent_that_was_withdrawn_meanwhile(tmp_path: Path) -> None:
    cloud = watching(tmp_path, frames=1)
    cloud.store.put(update(1))
    rounds = Rounds(update(2), meanwhile=lambda: cloud.store.put(update(0)))
    result = trained_by(rounds, cloud).train([], 1)
    assert result.update is None
    assert result.reason == 'its parent was withdrawn meanwhile; measured'
    assert cloud.newest == update(0)
    assert cloud.observe(judged_wrong(cloud, update(0).manifest.version)) is None


def test_a_released_version_that_does_harm_is_withdrawn(tmp_path: Path) -> None:
    cloud = trained_by(Rounds(update(1)), watching(tmp_path))
    cloud.train([], 1)
    first, second = update(0).manifest.version, update(1).manifest.version
    done = judged_wrong(cloud, second)
    assert cloud.observe(done) is None
    assert cloud.newest == update(1)
    withdrawal = cloud.observe(done)
    assert withdrawal is not None
    assert (withdrawal.version, withdrawal.previous) == (second, first)
    assert withdrawal.reason.endswith(f'against {first} on 2 frames')
    assert cloud.newest == update(0)
    # Edges that still run the withdrawn version are answered with it.
    assert segment(cloud, second).segmentation.weights_version == second
    assert cloud.observe(done) is None


def test_a_version_withdrawn_stays_so_after_a_restart(tmp_path: Path) -> None:
    store = str(tmp_path / 'store')
    cloud = trained_by(Rounds(update(1)), watching(tmp_path, frames=1, store=store))
    cloud.train([], 1)
    assert cloud.observe(judged_wrong(cloud, update(1).manifest.version)) is not None
    assert watching(tmp_path, store=store).newest == update(0)


def test_a_released_version_that_is_as_good_stays(tmp_path: Path) -> None:
    cloud = trained_by(Rounds(update(1)), watching(tmp_path, frames=1))
    cloud.train([], 1)
    assert cloud.observe(cloud.pipeline.segment(request(update(1).manifest.version))) is None
    assert cloud.newest == update(1)


def test_a_rejected_round_starts_no_watch(tmp_path: Path) -> None:
    cloud = trained_by(Rounds(None), watching(tmp_path, frames=1))
    cloud.train([], 1)
    assert cloud.observe(judged_wrong(cloud, update(0).manifest.version)) is None


def test_a_watch_wants_the_predecessor_kept(tmp_path: Path) -> None:
    match = r'keep_versions: expected int in \[2, 64\] with update.watch_frames, got 1'
    with pytest.raises(ConfigError, match=match):
        watching(tmp_path, keep_versions=1)
    assert watching(tmp_path, frames=0, keep_versions=1).newest == update(0)


class Memory:
    """Stands in front of the large models and counts what they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def masks(self, generator: MaskGenerator) -> MaskGenerator:
        return _Counted(generator, self.asked)

    def labels(self, source: LabelSource) -> LabelSource:
        return _CountedLabels(source, self.asked)


class _Counted:
    def __init__(self, generator: MaskGenerator, asked: list[str]) -> None:
        self.name, self._generator, self._asked = generator.name, generator, asked

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        self._asked.append(f'masks:{self.name}')
        return self._generator.masks(image, annotation)


class _CountedLabels:
    def __init__(self, source: LabelSource, asked: list[str]) -> None:
        self.name, self._source, self._asked = source.name, source, asked

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        self._asked.append(f'labels:{self.name}')
        return self._source.labels(image, prediction)


def test_a_memory_stands_in_front_of_both_large_models(tmp_path: Path) -> None:
    memory = Memory()
    cloud = build_cloud(cloud_config(tmp_path), memory)
    segment(cloud, cloud.newest.manifest.version)
    assert memory.asked == ['masks:none', 'labels:edge']


@pytest.mark.parametrize(('answers', 'taught'), [('edge', False), ('labels', True)])
def test_a_teacher_names_the_classes_to_train_on(
    tmp_path: Path, answers: str, taught: bool
) -> None:
    path = tmp_path / 'teacher.safetensors'
    save_update(path, update(3))
    labels = LabelConfig('teacher:fast_scnn', str(path), '', *SIZE_PX, answers=answers)
    cloud = build_cloud(cloud_config(tmp_path, labels=labels, fusion=FusionConfig('plain')))
    done = cloud.pipeline.segment(request(cloud.newest.manifest.version))
    alone = segment(build_cloud(cloud_config(tmp_path)), cloud.newest.manifest.version)
    trained_on, answered = done.sample.segmentation.labels, done.label_png
    assert not np.array_equal(trained_on, alone.segmentation.labels)
    assert np.array_equal(decode_map(answered, (64, 96), LimitsConfig()), trained_on) is taught


def test_annotations_reach_the_ground_truth_generator(tmp_path: Path) -> None:
    annotations = data_set(tmp_path / 'data', 2)
    config = cloud_config(
        tmp_path,
        masks=MaskConfig('ground_truth'),
        fusion=FusionConfig('plain'),
        annotations=annotations,
    )
    cloud = build_cloud(config)
    stamp_ns = 1_000_000_000
    done = cloud.pipeline.segment(request(cloud.newest.manifest.version, stamp_ns))
    assert len(done.masks) == 3
    np.testing.assert_array_equal(done.masks.areas_px, [32 * 64] * 3)


def test_a_built_cloud_sends_a_delta_to_the_weights_it_started_with(tmp_path: Path) -> None:
    cloud = build_cloud(cloud_config(tmp_path, keep_versions=1))
    start = update(0).manifest.version
    cloud.store.put(update(1))
    assert cloud.store.versions == (update(1).manifest.version,)
    sent = cloud.transfer('', start)
    assert sent.manifest.encoding == DELTA_ENCODING
    limit = LimitsConfig().max_update_bytes
    found = apply_delta(decode(update(0), limit), sent.payload, limit)
    expected = decode(update(1), limit)
    for name, array in expected.edge.items():
        np.testing.assert_array_equal(found.edge[name], array)


def test_a_built_trainer_keeps_updates_within_their_bytes(tmp_path: Path) -> None:
    config = cloud_config(
        tmp_path,
        update=UpdateConfig(
            epochs=1,
            batch_size=2,
            gate_frames=1,
            source_frames=2,
            max_delta_bytes=20_000,
            gate_source_tolerance=1.0,
            gate_agreement_tolerance=1.0,
        ),
        source=data_set(tmp_path / 'data', 8),
    )
    cloud = build_cloud(config)
    sample = segment(cloud, cloud.newest.manifest.version)
    result = cloud.train([sample] * 5, 1)
    assert result.update is not None
    sent = cloud.transfer('', update(0).manifest.version)
    assert sent.manifest.version == result.update.manifest.version
    assert 10_000 < len(sent.payload) <= 20_000
