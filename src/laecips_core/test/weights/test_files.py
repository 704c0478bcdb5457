from __future__ import annotations

import os
from pathlib import Path
import stat

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DigestError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights import files
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import load_update
from laecips_core.weights.files import resolve_weights
from laecips_core.weights.files import save_update
from laecips_core.weights.files import write_atomically

LIMIT = 100_000
TENSOR_BYTES = 24


def make_update(number: float = 1) -> WeightUpdate:
    catalogue = ClassCatalogue(('road',), ((1, 2, 3),))
    edge = {'a': np.full((3, 4), number)}
    return encode(ModelWeights(edge, {}), model='net', catalogue=catalogue)


def test_a_saved_update_comes_back(tmp_path: Path) -> None:
    path, update = tmp_path / 'a.safetensors', make_update()
    save_update(path, update)
    assert path.read_bytes() == update.payload
    assert load_update(path, LIMIT) == update
    assert [child.name for child in tmp_path.iterdir()] == ['a.safetensors']


def test_saving_replaces_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / 'a.safetensors'
    save_update(path, make_update(1))
    save_update(path, make_update(2))
    assert load_update(path, LIMIT) == make_update(2)


def test_a_saved_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / 'plain').write_bytes(b'')
    write_atomically(tmp_path / 'a', b'x')
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ('plain', 'a')}
    assert len(modes) == 1


def test_saving_into_no_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'none' / 'a.safetensors'
    match = 'a.safetensors: expected a file that can be written, got .*; choose a folder'
    with pytest.raises(WeightsError, match=match):
        save_update(path, make_update())


def test_a_failed_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'a'
    path.write_bytes(b'old')

    def full_disk(_: int) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full_disk)
    with pytest.raises(WeightsError, match='No space left on device'):
        write_atomically(path, b'new')
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    match = 'a weights file, got no such file; make it with laecips pretrain'
    with pytest.raises(WeightsError, match=match):
        load_update(tmp_path / 'none.safetensors', LIMIT)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match='a weights file, got a folder'):
        load_update(tmp_path, LIMIT)


def test_a_device_is_refused() -> None:
    with pytest.raises(WeightsError, match='a weights file, got no regular file'):
        load_update(Path('/dev/zero'), LIMIT)


def test_a_name_the_system_refuses_is_refused() -> None:
    with pytest.raises(WeightsError, match='a readable weights file'):
        load_update(Path('x' * 5000), LIMIT)


def test_a_file_above_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'a.safetensors'
    save_update(path, make_update())
    size_bytes = path.stat().st_size
    match = f'at most {size_bytes - 1} bytes, got {size_bytes}; raise limits.max_update_bytes'
    with pytest.raises(WeightsError, match=match):
        load_update(path, size_bytes - 1)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path, payload = tmp_path / 'a.safetensors', make_update().payload
    for length in range(0, len(payload), 11):
        path.write_bytes(payload[:length])
        match = 'a.safetensors: expected an undamaged weights file, got .*; copy it again or make'
        with pytest.raises(WeightsError, match=match):
            load_update(path, LIMIT)


def test_every_damaged_tensor_byte_is_noticed(tmp_path: Path) -> None:
    path, payload = tmp_path / 'a.safetensors', make_update().payload
    for position in range(len(payload) - TENSOR_BYTES, len(payload)):
        damaged = bytearray(payload)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(DigestError, match=r'a\.safetensors: .*tensors_sha256: expected'):
            load_update(path, LIMIT)


def test_a_plain_name_is_a_path() -> None:
    assert resolve_weights('runs/a.safetensors') == Path('runs/a.safetensors')


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv('HOME', str(tmp_path))
    assert resolve_weights('~/a.safetensors') == tmp_path / 'a.safetensors'


def test_an_unknown_home_folder_is_refused() -> None:
    with pytest.raises(WeightsError, match='a path with a known home folder, got ~no-such-user'):
        resolve_weights('~no-such-user/a')


def test_builtin_names_are_those_shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / 'patrol.safetensors').write_bytes(b'')
    monkeypatch.setattr(files, '_SHIPPED', tmp_path)
    assert resolve_weights('builtin:patrol') == tmp_path / 'patrol.safetensors'
    match = "weights: expected one of builtin:patrol, the path of .*, got 'builtin:../patrol'"
    with pytest.raises(UnknownNameError, match=match):
        resolve_weights('builtin:../patrol')
