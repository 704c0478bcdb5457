from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.acceptance import SeenReleases
from laecips_core.weights.encoding import encode
from laecips_core.weights.installed import InstalledWeights
from laecips_core.weights.installed_state import InstalledState

CATALOGUE = ClassCatalogue(('sky', 'road'), ((1, 2, 3), (4, 5, 6)))
MAX_BYTES = 10_000


def update(number: int) -> WeightUpdate:
    weights = ModelWeights({'layer': np.full((2, 2), number, np.float32)}, {})
    return encode(weights, model='fast_scnn', catalogue=CATALOGUE)


ONE, TWO, THREE = update(1), update(2), update(3)


def opened(folder: Path | None) -> InstalledWeights:
    return InstalledWeights(folder, MAX_BYTES)


def payloads(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob('*.safetensors')}


def test_an_empty_folder_is_made_and_holds_nothing(tmp_path: Path) -> None:
    assert opened(tmp_path / 'a' / 'b').state == InstalledState()
    assert (tmp_path / 'a' / 'b').is_dir()


def test_weights_and_the_good_ones_beside_them_survive_the_process(tmp_path: Path) -> None:
    opened(tmp_path).put(TWO, ONE)
    again = opened(tmp_path)
    assert (again.state.newest, again.state.last_good) == (TWO.manifest, ONE.manifest)
    assert (again.state.on_probation, again.state.open_starts) == (True, 1)
    assert (again.load(TWO.manifest), again.load(ONE.manifest)) == (TWO, ONE)


def test_weights_that_have_passed_are_no_longer_on_probation(tmp_path: Path) -> None:
    installed = opened(tmp_path)
    installed.put(TWO, ONE)
    installed.prove()
    state = opened(tmp_path).state
    assert (state.newest, state.last_good) == (TWO.manifest, ONE.manifest)
    assert (state.on_probation, state.open_starts) == (False, 0)


def test_payloads_that_nothing_names_are_removed(tmp_path: Path) -> None:
    (tmp_path / 'mine.txt').write_text('not ours')
    (tmp_path / f'.{"a" * 64}.safetensors.{"b" * 32}.part').write_text('of a killed process')
    installed = opened(tmp_path)
    installed.put(TWO, ONE)
    installed.put(THREE, TWO)
    assert payloads(tmp_path) == {THREE.manifest.sha256, TWO.manifest.sha256}
    installed.give_back(SeenReleases())
    assert payloads(tmp_path) == {TWO.manifest.sha256}
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {'mine.txt', 'state.json', f'{TWO.manifest.sha256}.safetensors'}


def test_after_a_return_the_good_weights_are_the_newest(tmp_path: Path) -> None:
    installed = opened(tmp_path)
    installed.put(TWO, ONE)
    seen = SeenReleases(5, TWO.manifest.version, 5, TWO.manifest.version)
    installed.give_back(seen)
    assert opened(tmp_path).state == InstalledState(newest=ONE.manifest, seen=seen)


def test_starts_that_end_in_order_are_not_counted(tmp_path: Path) -> None:
    opened(tmp_path).put(TWO, ONE)
    opened(tmp_path).stop()
    assert opened(tmp_path).state.open_starts == 0
    for expected in (1, 2):
        opened(tmp_path).begin()
        assert opened(tmp_path).state.open_starts == expected
    opened(tmp_path).prove()
    opened(tmp_path).stop()
    assert opened(tmp_path).state.open_starts == 0


def test_what_was_seen_survives_the_process(tmp_path: Path) -> None:
    opened(tmp_path).put(TWO, ONE)
    opened(tmp_path).remember(SeenReleases(9, 'v'))
    again = opened(tmp_path)
    assert again.state.seen == SeenReleases(9, 'v')
    assert again.state.newest == TWO.manifest
    before = (tmp_path / 'state.json').stat().st_ino
    again.remember(SeenReleases(9, 'v'))
    assert (tmp_path / 'state.json').stat().st_ino == before


def test_damaged_or_missing_weights_are_refused(tmp_path: Path) -> None:
    installed = opened(tmp_path)
    installed.put(TWO, ONE)
    path = tmp_path / f'{TWO.manifest.sha256}.safetensors'
    path.write_bytes(TWO.payload[:-1])
    with pytest.raises(WeightsError, match='undamaged'):
        installed.load(TWO.manifest)
    path.write_bytes(ONE.payload)
    with pytest.raises(WeightsError, match='sha256'):
        installed.load(TWO.manifest)
    path.unlink()
    with pytest.raises(WeightsError, match='no such file'):
        installed.load(TWO.manifest)
    assert installed.load(ONE.manifest) == ONE


def test_weights_above_the_limit_are_refused(tmp_path: Path) -> None:
    opened(tmp_path).put(TWO, ONE)
    with pytest.raises(WeightsError, match='at most 100 bytes'):
        InstalledWeights(tmp_path, 100).load(TWO.manifest)


def test_a_damaged_state_is_kept_aside_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened(tmp_path).put(TWO, ONE)
    text = (tmp_path / 'state.json').read_text()[:-30]
    (tmp_path / 'state.json').write_text(text)
    with caplog.at_level(logging.ERROR):
        assert opened(tmp_path).state == InstalledState()
    assert 'an older release can be taken again' in caplog.text
    assert (tmp_path / 'state.json.damaged').read_text() == text


def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(WeightsError, match='a folder that can be written'):
        opened(tmp_path / 'file')


def test_what_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / 'weights'
    installed = opened(folder)
    installed.put(TWO, ONE)
    before = installed.state
    folder.rename(tmp_path / 'gone')
    for write in (
        lambda: installed.put(THREE, TWO),
        installed.prove,
        lambda: installed.remember(SeenReleases(1, 'v')),
    ):
        with pytest.raises(WeightsError, match='a file that can be written'):
            write()
        assert installed.state == before
    assert opened(tmp_path / 'gone').load(TWO.manifest) == TWO


def test_without_a_folder_the_process_remembers_but_loads_nothing() -> None:
    installed = opened(None)
    installed.put(TWO, ONE)
    assert installed.state.newest == TWO.manifest
    with pytest.raises(WeightsError, match=r'set updates\.folder'):
        installed.load(TWO.manifest)
    installed.give_back(SeenReleases(1, 'v'))
    assert installed.state == InstalledState(newest=ONE.manifest, seen=SeenReleases(1, 'v'))
