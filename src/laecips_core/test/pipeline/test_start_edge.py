"""What an edge starts with, after every way in which its last process may have ended."""

from __future__ import annotations

from dataclasses import replace
import logging
from pathlib import Path

import pytest
import torch

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import EdgeConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import InstallConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import OldReleaseError
from laecips_core.errors import WeightsError
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.build_edge import Edge
from laecips_core.values import WeightUpdate
from laecips_core.weights.acceptance import ReturnedReleaseError
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import save_update
from laecips_core.weights.installed import InstalledWeights
from laecips_core.weights.release_keys import write_release_keys
from laecips_core.weights.signing import ReleaseSigner

torch.set_num_threads(1)

CATALOGUE = ClassCatalogue(('road', 'tree', 'sky'), ((1, 2, 3), (4, 5, 6), (7, 8, 9)))
OTHERS = ClassCatalogue(('road', 'sky', 'tree'), CATALOGUE.colours)
MAX_BYTES = 100_000_000


def update(seed: int, catalogue: ClassCatalogue = CATALOGUE) -> WeightUpdate:
    weights = build_pair(NetworkPlan(FastScnn, 3, (64, 96)), None, seed).weights()
    return encode(weights, model='fast_scnn', catalogue=catalogue)


CONFIGURED, GOOD, NEW = update(0), update(1), update(2)


class Robot:
    """A disk that outlives its processes, and the server's key."""

    def __init__(self, root: Path) -> None:
        self.folder = root / 'installed'
        save_update(root / 'start.safetensors', CONFIGURED)
        write_release_keys(root / 'key.pem', root / 'pub.pem')
        self._signer = ReleaseSigner(root / 'key.pem')
        self.model = EdgeModelConfig(
            weights=str(root / 'start.safetensors'), input_height_px=64, input_width_px=96
        )
        self.key = str(root / 'pub.pem')

    def signed(self, of: WeightUpdate, number: int, expires_ns: int = 0) -> WeightUpdate:
        manifest = self._signer.sign(of.manifest, release=number, expires_ns=expires_ns)
        return WeightUpdate(manifest, of.payload)

    def disk(self) -> InstalledWeights:
        return InstalledWeights(self.folder, MAX_BYTES)

    def start(self, *, key: bool = False) -> Edge:
        updates = InstallConfig(self.key if key else '', str(self.folder))
        return build_edge(EdgeConfig(model=self.model, updates=updates))

    def spoil(self, of: WeightUpdate) -> None:
        path = self.folder / f'{of.manifest.sha256}.safetensors'
        path.write_bytes(path.read_bytes()[:-1])


@pytest.fixture
def robot(tmp_path: Path) -> Robot:
    return Robot(tmp_path)


def started(edge: Edge) -> tuple[str, str]:
    """Give the versions of proven weights and of those on trial."""
    trial = '' if edge.trial is None else edge.trial.parts.weights_version
    assert edge.pipeline.weights_version == edge.start.manifest.version
    assert edge.trial is None or edge.trial.update.manifest.version == trial
    return edge.start.manifest.version, trial


CONFIGURED_V, GOOD_V, NEW_V = (of.manifest.version for of in (CONFIGURED, GOOD, NEW))


def test_an_empty_folder_starts_the_configured_weights(robot: Robot) -> None:
    assert started(robot.start()) == (CONFIGURED_V, '')


def test_proven_weights_of_the_folder_are_started_without_probation(robot: Robot) -> None:
    robot.disk().put(NEW, GOOD)
    disk = robot.disk()
    disk.prove()
    for _ in range(3):
        assert started(robot.start()) == (NEW_V, '')


def test_weights_on_probation_are_tried_again_with_the_good_ones_at_hand(robot: Robot) -> None:
    robot.disk().put(NEW, GOOD)
    assert started(robot.start()) == (GOOD_V, NEW_V)
    assert robot.disk().state.open_starts == 2


def test_a_process_that_dies_on_probation_twice_starts_the_good_ones(
    robot: Robot, caplog: pytest.LogCaptureFixture
) -> None:
    robot.disk().put(NEW, GOOD)
    robot.start()
    with caplog.at_level(logging.ERROR):
        edge = robot.start()
    assert started(edge) == (GOOD_V, '')
    assert f'weights {NEW_V}, release 0, given up' in caplog.text
    with pytest.raises(ReturnedReleaseError):
        edge.guard.check(NEW.manifest, 0)
    assert started(robot.start()) == (GOOD_V, '')
    with pytest.raises(ReturnedReleaseError):
        robot.start().guard.check(NEW.manifest, 0)


def test_a_process_that_ends_in_order_on_probation_does_not_count(robot: Robot) -> None:
    robot.disk().put(NEW, GOOD)
    robot.disk().stop()
    for _ in range(4):
        edge = robot.start()
        assert started(edge) == (GOOD_V, NEW_V)
        edge.installed.stop()


def test_a_damaged_newest_gives_way_to_the_last_good(
    robot: Robot, caplog: pytest.LogCaptureFixture
) -> None:
    disk = robot.disk()
    disk.put(NEW, GOOD)
    disk.prove()
    robot.spoil(NEW)
    edge = robot.start()
    assert started(edge) == (GOOD_V, '')
    assert f'newest weights {NEW_V} skipped' in caplog.text
    # The disk is at fault, not the release: it may come again.
    edge.guard.check(NEW.manifest, 0)


def test_a_damaged_newest_on_probation_is_no_failed_start(robot: Robot) -> None:
    robot.disk().put(NEW, GOOD)
    robot.spoil(NEW)
    for _ in range(3):
        assert started(robot.start()) == (GOOD_V, '')
        assert robot.disk().state.open_starts == 1


def test_damaged_weights_of_both_kinds_give_way_to_the_configured_ones(
    robot: Robot, caplog: pytest.LogCaptureFixture
) -> None:
    disk = robot.disk()
    disk.put(NEW, GOOD)
    disk.prove()
    robot.spoil(NEW)
    robot.spoil(GOOD)
    assert started(robot.start()) == (CONFIGURED_V, '')
    assert f'newest weights {NEW_V} skipped' in caplog.text
    assert f'last good weights {GOOD_V} skipped' in caplog.text


def test_weights_of_other_classes_are_skipped(
    robot: Robot, caplog: pytest.LogCaptureFixture
) -> None:
    disk = robot.disk()
    disk.put(update(3, OTHERS), GOOD)
    disk.prove()
    assert started(robot.start()) == (GOOD_V, '')
    assert 'from class 1 on: tree, sky' in caplog.text


def test_with_a_key_only_signed_weights_are_started(
    robot: Robot, caplog: pytest.LogCaptureFixture
) -> None:
    disk = robot.disk()
    disk.put(robot.signed(NEW, 2, expires_ns=1), GOOD)
    disk.prove()
    # Expiry is about taking a release, not about running it.
    assert started(robot.start(key=True)) == (NEW_V, '')
    disk.put(NEW, robot.signed(GOOD, 1))
    disk.prove()
    assert started(robot.start(key=True)) == (GOOD_V, '')
    assert f'newest weights {NEW_V} skipped: signature' in caplog.text
    assert started(robot.start()) == (NEW_V, '')


def test_a_signature_of_other_weights_does_not_help(robot: Robot) -> None:
    disk = robot.disk()
    forged = WeightUpdate(
        replace(NEW.manifest, signature=robot.signed(GOOD, 1).manifest.signature, release=1),
        NEW.payload,
    )
    disk.put(forged, GOOD)
    disk.prove()
    assert started(robot.start(key=True)) == (CONFIGURED_V, '')


def test_an_old_release_is_refused_after_a_restart(robot: Robot) -> None:
    first, second = robot.signed(GOOD, 1), robot.signed(NEW, 2)
    edge = robot.start(key=True)
    edge.guard.check(second.manifest, 0)
    edge.installed.remember(edge.guard.seen)
    with pytest.raises(OldReleaseError):
        robot.start(key=True).guard.check(first.manifest, 0)


def test_without_a_key_one_line_says_so(robot: Robot, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        robot.start(key=True)
        assert 'without a signature' not in caplog.text
        robot.start()
    assert caplog.text.count('updates are taken without a signature') == 1


def test_a_key_or_folder_that_cannot_be_used_is_refused(robot: Robot) -> None:
    start = EdgeConfig(model=robot.model)
    with pytest.raises(ConfigError, match=r'updates\.release_key: expected'):
        build_edge(replace(start, updates=InstallConfig(release_key=robot.model.weights)))
    with pytest.raises(ConfigError, match=r'updates\.folder: expected a folder where'):
        build_edge(replace(start, updates=InstallConfig(release_key=robot.key)))
    with pytest.raises(WeightsError, match='a folder that can be written'):
        build_edge(replace(start, updates=InstallConfig(folder=robot.model.weights)))
    with pytest.raises(ConfigError, match=r'updates\.folder: expected a path with a known home'):
        build_edge(replace(start, updates=InstallConfig(folder='~nobody-of-this-name/x')))
