from __future__ import annotations

from collections import OrderedDict
import os
from pathlib import Path
import pickle
import zipfile

import pytest
from safetensors.torch import save_file
import torch
from torch import Tensor

from laecips_core.errors import WeightsError
from laecips_core.models.checkpoint_file import read_checkpoint

LIMIT_BYTES = 100_000
SUFFIXES = ('.pth', '.pt', '.bin', '.safetensors')


class Trap:
    """When unpickled, makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def tensors() -> dict[str, Tensor]:
    return {'a.weight': torch.arange(6.0).view(2, 3), 'b': torch.tensor([1.5], dtype=torch.half)}


def written(path: Path, content: dict[str, Tensor] | None = None) -> Path:
    content = tensors() if content is None else content
    if path.suffix == '.safetensors':
        save_file(content, path)
    else:
        torch.save(OrderedDict(content), path)
    return path


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_the_tensors_come_back_as_they_were(suffix: str, tmp_path: Path) -> None:
    found = read_checkpoint(written(tmp_path / f'w{suffix}'), LIMIT_BYTES)
    assert found.keys() == tensors().keys()
    for name, tensor in tensors().items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_a_file_of_the_old_torch_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / 'w.pth'
    torch.save(tensors(), path, _use_new_zipfile_serialization=False)
    assert torch.equal(read_checkpoint(path, LIMIT_BYTES)['a.weight'], tensors()['a.weight'])


@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize('suffix', ['.pth', '.pt', '.bin'])
def test_a_pickle_with_code_is_refused_and_not_run(
    suffix: str, zipped: bool, tmp_path: Path
) -> None:
    path, made = tmp_path / f'w{suffix}', tmp_path / 'made'
    content = {'a': torch.zeros(1), 'b': Trap(made)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r'expected tensors .* names posix\.mkdir; nothing of'):
        read_checkpoint(path, LIMIT_BYTES)
    assert not made.exists()


@pytest.mark.filterwarnings('ignore:Detected pickle protocol')
@pytest.mark.parametrize('suffix', SUFFIXES)
def test_a_bare_pickle_with_code_is_refused_and_not_run(suffix: str, tmp_path: Path) -> None:
    path, made = tmp_path / f'w{suffix}', tmp_path / 'made'
    path.write_bytes(pickle.dumps(Trap(made)))
    with pytest.raises(WeightsError, match=f'w{suffix}: expected'):
        read_checkpoint(path, LIMIT_BYTES)
    assert not made.exists()


def test_the_trap_springs_where_pickles_are_trusted(tmp_path: Path) -> None:
    made = tmp_path / 'made'
    pickle.loads(pickle.dumps(Trap(made)))
    assert made.exists()


@pytest.mark.parametrize('kept', [0, 1, 7, 40, 0.5, 0.95, -1])
@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_a_cut_file_is_refused(suffix: str, kept: float, tmp_path: Path) -> None:
    path = written(tmp_path / f'w{suffix}')
    data = path.read_bytes()
    path.write_bytes(data[: round(kept * len(data)) if 0 < kept < 1 else int(kept)])
    with pytest.raises(WeightsError, match=rf'w{suffix}: expected a whole .* file.*again'):
        read_checkpoint(path, LIMIT_BYTES)


def test_a_cut_file_of_the_old_torch_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'w.pth'
    torch.save(tensors(), path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(WeightsError, match='expected a whole torch file'):
        read_checkpoint(path, LIMIT_BYTES)


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_a_file_above_the_limit_is_refused(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match='the file: expected at most 50 bytes, got'):
        read_checkpoint(written(tmp_path / f'w{suffix}'), 50)


def test_a_compressed_file_that_grows_above_the_limit_is_refused(tmp_path: Path) -> None:
    plain = written(tmp_path / 'plain.pth', {'a': torch.zeros(100_000)})
    packed = tmp_path / 'packed.pth'
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    assert packed.stat().st_size < LIMIT_BYTES
    with pytest.raises(WeightsError, match='its content: expected at most 100000 bytes'):
        read_checkpoint(packed, LIMIT_BYTES)


def test_a_view_that_is_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / 'w.pth', {'a': torch.zeros(1).expand(1000, 1000)})
    with pytest.raises(WeightsError, match='its tensors: expected at most 100000 bytes, got 4000'):
        read_checkpoint(path, LIMIT_BYTES)


@pytest.mark.parametrize(
    ('content', 'got'),
    [
        ([torch.zeros(1)], 'got list'),
        ({'state_dict': {'a': torch.zeros(1)}}, "got dict under 'state_dict'; save the state"),
        ({1: torch.zeros(1)}, 'got Tensor under 1'),
        ({'a': torch.zeros(2, 2).to_sparse()}, "got Tensor under 'a'"),
    ],
)
def test_anything_but_named_plain_tensors_is_refused(
    content: object, got: str, tmp_path: Path
) -> None:
    path = tmp_path / 'w.pth'
    torch.save(content, path)
    with pytest.raises(WeightsError, match=f'expected tensors by name, {got}'):
        read_checkpoint(path, LIMIT_BYTES)


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'w.onnx'
    path.write_bytes(b'x')
    with pytest.raises(WeightsError, match=r"ends in one of \.safetensors, .*, got '\.onnx'"):
        read_checkpoint(path, LIMIT_BYTES)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match='expected a checkpoint, got no such file'):
        read_checkpoint(tmp_path / 'w.pth', LIMIT_BYTES)
    with pytest.raises(WeightsError, match='expected a checkpoint file, got a folder'):
        read_checkpoint(tmp_path, LIMIT_BYTES)
