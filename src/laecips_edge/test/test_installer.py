"""Updates put to use in a real, small edge, on a disk that outlives it."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import InstallConfig
from laecips_core.errors import SelfCheckError
from laecips_core.errors import WeightsError
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.build_edge import Edge
from laecips_core.values import Frame
from laecips_core.values import Image
from laecips_core.values import ModelWeights
from laecips_core.values import Softmax
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.acceptance import ReturnedReleaseError
from laecips_core.weights.acceptance import SeenReleases
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import save_update
from laecips_core.weights.received import IncomingUpdate
from laecips_edge.installer import Installer
from laecips_ros.counters import Counters

CATALOGUE = ClassCatalogue(('road', 'tree', 'sky'), ((1, 2, 3), (4, 5, 6), (7, 8, 9)))
FRAME = Frame(np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8), 0, 'a')
WAIT_S = 20.0


def weights_of(number: int) -> ModelWeights:
    """Weights that differ a little, and tell classes apart on noise."""
    weights = build_pair(NetworkPlan(FastScnn, 3, (64, 96)), None, 0).weights()
    name = next(iter(weights.edge))
    changed = weights.edge[name] * np.float32(1 + number / 8)
    return ModelWeights({**weights.edge, name: changed}, weights.miner)


def update_of(weights: ModelWeights) -> WeightUpdate:
    return encode(weights, model='fast_scnn', catalogue=CATALOGUE)


START, ONE, TWO = (update_of(weights_of(number)) for number in range(3))


def one_class() -> WeightUpdate:
    """Weights that call everything class 1, whatever the image."""
    weights = weights_of(3)
    name = list(weights.edge)[-1]
    assert weights.edge[name].shape == (3,)
    return update_of(
        ModelWeights({**weights.edge, name: np.array([0, 1e6, 0], np.float32)}, weights.miner)
    )


def version(update: WeightUpdate) -> str:
    return update.manifest.version


def received(update: WeightUpdate) -> IncomingUpdate:
    incoming = IncomingUpdate(update.manifest, None, 100_000_000)
    incoming.add(update.manifest, 0, update.payload)
    return incoming


@dataclass
class Robot:
    """One process after another on one disk."""

    root: Path
    published: list[WeightManifest] = field(default_factory=list)

    def __post_init__(self) -> None:
        save_update(self.root / 'start.safetensors', START)
        self.start()

    def start(self) -> None:
        weights = str(self.root / 'start.safetensors')
        model = EdgeModelConfig(weights=weights, input_height_px=64, input_width_px=96)
        updates = InstallConfig(folder=str(self.root / 'installed'))
        self.counters = Counters()
        self.edge: Edge = build_edge(EdgeConfig(model=model, updates=updates))
        self.now_s = 100.0
        self.installer = Installer(
            self.edge, 2, self.published.append, self.counters, clock=lambda: self.now_s
        )

    def install(self, update: WeightUpdate) -> None:
        self.installer.install(received(update)).result(WAIT_S)

    def see(self) -> str:
        """Process a frame, and give the version that judged it."""
        return self.edge.pipeline.process(FRAME).segmentation.weights_version

    def break_running(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(images: list[Image]) -> Softmax:
            raise RuntimeError('broken')

        monkeypatch.setattr(self.edge.pipeline.running.parts.model, 'predict', fail)

    def settle(self) -> None:
        """Wait for what the weights thread was given."""
        self.installer._thread.submit(lambda: None).result(WAIT_S)

    def count(self, name: str) -> int:
        return self.counters.snapshot().get(name, 0)


@pytest.fixture
def robot(tmp_path: Path) -> Robot:
    return Robot(tmp_path)


def test_the_start_is_announced(robot: Robot) -> None:
    assert robot.published == [START.manifest]
    assert robot.installer.running == START
    assert robot.installer.facts() == {
        'update_age_s': 'none',
        'release': 0,
        'probation_frames_left': 0,
        'last_return': 'none',
    }


def test_the_age_of_the_last_update_is_told(robot: Robot) -> None:
    robot.install(ONE)
    robot.now_s += 12.34
    assert robot.installer.facts()['update_age_s'] == 12.3


def test_an_update_runs_on_probation_and_passes(robot: Robot) -> None:
    robot.see()
    robot.install(ONE)
    assert robot.installer.running.payload == ONE.payload
    assert [manifest.version for manifest in robot.published] == [version(START), version(ONE)]
    assert robot.edge.installed.state.on_probation
    assert robot.installer.facts()['probation_frames_left'] == 2
    assert [robot.see(), robot.see()] == 2 * [version(ONE)]
    robot.settle()
    state = robot.edge.installed.state
    assert (state.on_probation, state.newest.version) == (False, version(ONE))
    robot.installer.close()
    robot.start()
    assert robot.see() == version(ONE)
    assert robot.installer.facts()['probation_frames_left'] == 0


def test_a_fault_on_probation_brings_the_last_good_back(
    robot: Robot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    robot.install(ONE)
    robot.see()
    robot.break_running(monkeypatch)
    assert robot.see() == version(START)
    robot.settle()
    assert robot.count('updates_returned') == 1
    assert robot.published[-1] == START.manifest
    assert robot.installer.running == START
    assert robot.installer.facts()['last_return'] == f'{version(ONE)}: broken'
    assert f'weights {version(ONE)} failed on probation' in caplog.text
    with pytest.raises(ReturnedReleaseError):
        robot.edge.guard.check(ONE.manifest, 0)
    robot.installer.close()
    robot.start()
    assert robot.see() == version(START)
    with pytest.raises(ReturnedReleaseError):
        robot.edge.guard.check(ONE.manifest, 0)


def test_an_update_during_a_probation_keeps_the_weights_that_have_passed(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot.install(ONE)
    robot.see()
    robot.install(TWO)
    assert robot.edge.installed.state.last_good.version == version(START)
    robot.break_running(monkeypatch)
    assert robot.see() == version(START)


def test_an_update_after_a_probation_can_return_to_it(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot.install(ONE)
    robot.see()
    robot.see()
    robot.install(TWO)
    robot.break_running(monkeypatch)
    assert robot.see() == version(ONE)
    robot.settle()
    assert robot.edge.installed.state.newest.version == version(ONE)


def test_weights_that_fail_the_self_check_never_run(robot: Robot) -> None:
    robot.see()
    bad = one_class()
    with pytest.raises(SelfCheckError, match='got class 1 at every pixel'):
        robot.install(bad)
    assert robot.see() == version(START)
    assert robot.published == [START.manifest]
    assert robot.edge.installed.state.newest is None


def test_the_self_check_needs_no_frame(robot: Robot) -> None:
    with pytest.raises(SelfCheckError, match='got class 1 at every pixel'):
        robot.install(one_class())


def test_weights_that_cannot_be_written_never_run(robot: Robot) -> None:
    (robot.root / 'installed').rename(robot.root / 'gone')
    with pytest.raises(WeightsError, match='a file that can be written'):
        robot.install(ONE)
    assert robot.see() == version(START)
    robot.installer.remember()
    robot.edge.guard.refuse(ONE.manifest)
    robot.installer.remember()
    robot.settle()
    assert robot.count('errors.bad_weights') == 1


def test_what_was_seen_is_written_down(robot: Robot) -> None:
    robot.edge.guard.refuse(ONE.manifest)
    robot.installer.remember()
    robot.settle()
    seen = SeenReleases(refused_release=0, refused_version=version(ONE))
    assert robot.edge.installed.state.seen == seen


def test_a_process_killed_on_probation_tries_again_once(robot: Robot) -> None:
    robot.install(ONE)
    robot.start()
    assert robot.published[-1].version == version(ONE)
    assert robot.installer.facts()['probation_frames_left'] == 2
    assert robot.see() == version(ONE)
    robot.start()
    assert robot.published[-1].version == version(START)
    assert robot.see() == version(START)


def test_a_restart_on_probation_can_still_return(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot.install(ONE)
    robot.installer.close()
    robot.start()
    robot.break_running(monkeypatch)
    assert robot.see() == version(START)
    robot.settle()
    assert robot.published[-1].version == version(START)
    assert robot.edge.installed.state.newest.version == version(START)


def test_a_process_stopped_on_probation_in_order_does_not_count(robot: Robot) -> None:
    robot.install(ONE)
    for _ in range(3):
        robot.installer.close()
        robot.start()
        assert robot.published[-1].version == version(ONE)


def test_an_old_return_does_not_undo_a_later_update(robot: Robot) -> None:
    robot.install(ONE)
    robot.install(TWO)
    robot.installer.on_returned(version(ONE), 'late')
    robot.installer.on_proven(version(ONE))
    robot.settle()
    state = robot.edge.installed.state
    assert (state.newest.version, state.on_probation) == (version(TWO), True)
    assert robot.published[-1].version == version(TWO)


def test_after_its_end_nothing_is_written(robot: Robot) -> None:
    robot.install(ONE)
    robot.installer.close()
    robot.installer.on_proven(version(ONE))
    assert robot.count('drops.stopped') == 1
    assert robot.edge.installed.state.on_probation
