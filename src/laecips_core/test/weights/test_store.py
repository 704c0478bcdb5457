from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
import dataclasses
import logging
import os
from pathlib import Path

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import ConfigError
from laecips_core.errors import DigestError
from laecips_core.errors import UnknownVersionError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import encode
from laecips_core.weights.store import VersionStore

LIMIT = 100_000


def make_update(number: float, parent: str = '', model: str = 'net') -> WeightUpdate:
    catalogue = ClassCatalogue(('road',), ((1, 2, 3),))
    weights = ModelWeights({'a': np.full((2, 2), number)}, {})
    return encode(weights, model=model, catalogue=catalogue, parent=parent)


def versions_of(*numbers: float) -> tuple[str, ...]:
    return tuple(make_update(number).manifest.version for number in numbers)


def fill(folder: Path, *numbers: float) -> None:
    store = VersionStore(folder, 9, LIMIT)
    for number in numbers:
        store.put(make_update(number))
        path = folder / f'{make_update(number).manifest.version}.safetensors'
        os.utime(path, (number, number))


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_an_empty_store_holds_nothing() -> None:
    store = VersionStore(None, 1, LIMIT)
    assert store.newest is None
    assert store.versions == ()
    with pytest.raises(UnknownVersionError, match="version: expected one of: none, got 'x'"):
        store.get('x')


def test_what_was_put_comes_back() -> None:
    store = VersionStore(None, 2, LIMIT)
    store.put(make_update(1))
    store.put(make_update(2))
    assert store.get(versions_of(1)[0]) == make_update(1)
    assert store.newest == make_update(2)
    assert store.versions == versions_of(1, 2)


def test_the_oldest_goes_when_there_are_too_many() -> None:
    store = VersionStore(None, 2, LIMIT)
    for number in (1, 2, 3):
        store.put(make_update(number))
    assert store.versions == versions_of(2, 3)
    one, two, three = versions_of(1, 2, 3)
    with pytest.raises(UnknownVersionError, match=f"one of: {two}, {three}, got '{one}'"):
        store.get(one)


def test_the_newest_stays_even_when_only_one_is_kept() -> None:
    store = VersionStore(None, 1, LIMIT)
    store.put(make_update(1))
    store.put(make_update(2))
    assert store.versions == versions_of(2)


def test_putting_an_older_version_again_rolls_back() -> None:
    store = VersionStore(None, 2, LIMIT)
    for number in (1, 2, 1):
        store.put(make_update(number))
    assert store.versions == versions_of(2, 1)
    store.put(make_update(3))
    assert store.versions == versions_of(1, 3)


def test_the_bytes_of_a_held_version_stay() -> None:
    store = VersionStore(None, 2, LIMIT)
    store.put(make_update(1))
    store.put(make_update(1, parent='b' * 12))
    assert store.newest == make_update(1)


def test_equal_numbers_of_another_model_are_refused() -> None:
    store = VersionStore(None, 2, LIMIT)
    store.put(make_update(1))
    with pytest.raises(WeightsError, match=r'model of version .*: expected net, got rfnet'):
        store.put(make_update(1, model='rfnet'))


def test_keeping_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'keep_versions: expected int in \[1, inf\], got 0'):
        VersionStore(None, 0, LIMIT)


def test_an_update_that_does_not_decode_is_refused(tmp_path: Path) -> None:
    store = VersionStore(tmp_path, 2, LIMIT)
    manifest = dataclasses.replace(make_update(1).manifest, version='../../etc/x')
    with pytest.raises(DigestError, match='manifest version'):
        store.put(WeightUpdate(manifest, make_update(1).payload))
    assert store.newest is None
    assert list(tmp_path.iterdir()) == []


def test_an_update_above_the_limit_is_refused() -> None:
    with pytest.raises(WeightsError, match='at most 10 bytes'):
        VersionStore(None, 2, 10).put(make_update(1))


def test_every_put_is_written(tmp_path: Path) -> None:
    store = VersionStore(tmp_path / 'a' / 'b', 1, LIMIT)
    for number in (1, 2, 3):
        store.put(make_update(number))
    names = {path.name for path in (tmp_path / 'a' / 'b').iterdir()}
    assert names == {f'{version}.safetensors' for version in versions_of(1, 2, 3)} | {'NEWEST'}
    assert (tmp_path / 'a' / 'b' / 'NEWEST').read_text() == f'{versions_of(3)[0]}\n'


def test_a_new_store_starts_with_what_is_there(tmp_path: Path) -> None:
    fill(tmp_path, 1, 2, 3)
    store = VersionStore(tmp_path, 2, LIMIT)
    assert store.versions == versions_of(2, 3)
    assert store.newest == make_update(3)
    assert len(list(tmp_path.glob('*.safetensors'))) == 3


def test_the_newest_is_the_one_named_and_not_the_youngest_file(tmp_path: Path) -> None:
    fill(tmp_path, 3, 2, 1)
    store = VersionStore(tmp_path, 2, LIMIT)
    assert store.versions == versions_of(3, 1)


def test_a_damaged_file_is_logged_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path, 1, 2, 3)
    damage(tmp_path / f'{versions_of(2)[0]}.safetensors')
    with caplog.at_level(logging.ERROR):
        store = VersionStore(tmp_path, 4, LIMIT)
    assert store.versions == versions_of(1, 3)
    assert f'{versions_of(2)[0]}.safetensors: expected an undamaged weights file' in caplog.text


def test_a_damaged_newest_is_logged_and_the_one_before_stands(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path, 1, 2)
    damage(tmp_path / f'{versions_of(2)[0]}.safetensors')
    store = VersionStore(tmp_path, 1, LIMIT)
    assert store.newest == make_update(1)
    assert f'names {versions_of(2)[0]}, which cannot be used' in caplog.text


def test_a_file_of_another_version_than_its_name_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = versions_of(1, 2)
    fill(tmp_path, 1)
    (tmp_path / f'{one}.safetensors').rename(tmp_path / f'{two}.safetensors')
    assert VersionStore(tmp_path, 2, LIMIT).versions == ()
    assert f'expected version {two}, got {one}' in caplog.text


def test_a_file_above_the_limit_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path, 1)
    assert VersionStore(tmp_path, 2, 10).newest is None
    assert 'expected at most 10 bytes' in caplog.text


def test_a_damaged_marker_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    fill(tmp_path, 1, 2)
    (tmp_path / 'NEWEST').write_bytes(b'\xff../../x')
    assert VersionStore(tmp_path, 2, LIMIT).versions == versions_of(1, 2)
    assert 'NEWEST: expected a version of 12 hex digits' in caplog.text


def test_an_unfinished_write_is_ignored(tmp_path: Path) -> None:
    fill(tmp_path, 1)
    (tmp_path / '.x.safetensors.0.part').write_bytes(b'half')
    assert VersionStore(tmp_path, 2, LIMIT).versions == versions_of(1)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'a').write_bytes(b'')
    with pytest.raises(WeightsError, match='a: expected a folder that can be written'):
        VersionStore(tmp_path / 'a', 2, LIMIT)


def test_a_put_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    store = VersionStore(tmp_path / 'a', 2, LIMIT)
    (tmp_path / 'a').rmdir()
    with pytest.raises(WeightsError, match='expected a file that can be written'):
        store.put(make_update(1))
    assert store.versions == ()


def test_several_threads_may_put_and_get(tmp_path: Path) -> None:
    store = VersionStore(tmp_path, 3, LIMIT)
    updates = [make_update(number) for number in range(12)]

    def put_and_read(update: WeightUpdate) -> int:
        store.put(update)
        assert store.newest in updates
        return len(store.versions)

    with ThreadPoolExecutor(4) as pool:
        held = list(pool.map(put_and_read, updates))
    assert max(held) == len(store.versions) == 3
    assert store.newest is not None
    assert (tmp_path / 'NEWEST').read_text().strip() == store.newest.manifest.version
