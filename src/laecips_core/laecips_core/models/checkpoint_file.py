"""Checkpoints of other projects as named tensors; nothing in them is ever executed."""

from __future__ import annotations

from pathlib import Path
import pickle
import re
from typing import Any
import zipfile

from safetensors import SafetensorError
from safetensors.torch import load_file
import torch
from torch import Tensor

from laecips_core.errors import WeightsError

MAX_CHECKPOINT_BYTES = 8_000_000_000
"""Bound for files of the user's own choice; the largest we know, SAM's ViT-H, has 2.6 GB."""

SAFE_SUFFIX = '.safetensors'
PICKLED_SUFFIXES = ('.pth', '.pt', '.bin')

_AGAIN = 'fetch it again, or copy it again from where it is whole'
_DISTRUST = 'nothing of it was run; take weights from a source you trust, best as .safetensors'
_GLOBAL = re.compile(r'GLOBAL (\S+)')
# What torch raises for files that are cut, altered or no checkpoint at all.
_DAMAGED = (RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError)


def read_checkpoint(path: Path, max_bytes: int = MAX_CHECKPOINT_BYTES) -> dict[str, Tensor]:
    """
    Read the tensors of a checkpoint; the file is untrusted.

    :param path: a ``.safetensors`` file, or ``.pth``, ``.pt``, ``.bin`` as ``torch.save`` writes
        a state dictionary.
    :param max_bytes: largest file accepted, and largest sum of its tensors; looked at before the
        file is decoded.
    :returns: tensors on the CPU by name, in the types of the file.
    :raises WeightsError: when the file is missing, too large, cut, damaged, of another kind, or
        holds more than tensors, such as code.
    """
    _check_file(path, max_bytes)
    if path.suffix == SAFE_SUFFIX:
        tensors = _read_safe(path)
    elif path.suffix in PICKLED_SUFFIXES:
        tensors = _named(path, _read_pickled(path, max_bytes))
    else:
        kinds = ', '.join((SAFE_SUFFIX, *PICKLED_SUFFIXES))
        raise WeightsError(str(path), f'a file that ends in one of {kinds}', repr(path.suffix))
    # A view can be far larger than the file that it comes from.
    _check_size(
        path, 'its tensors', sum(t.numel() * t.element_size() for t in tensors.values()), max_bytes
    )
    return tensors


def _check_file(path: Path, max_bytes: int) -> None:
    if not path.exists():
        raise WeightsError(str(path), 'a checkpoint', 'no such file', 'fetch it, or name another')
    if not path.is_file():
        raise WeightsError(str(path), 'a checkpoint file', 'a folder or device')
    _check_size(path, 'the file', path.stat().st_size, max_bytes)


def _check_size(path: Path, what: str, size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise WeightsError(f'{path}: {what}', f'at most {max_bytes} bytes', size_bytes)


def _read_safe(path: Path) -> dict[str, Tensor]:
    try:
        return dict(load_file(path, device='cpu'))
    except (SafetensorError, OSError, *_DAMAGED) as error:
        raise WeightsError(str(path), 'a whole safetensors file', error, _AGAIN) from error


def _read_pickled(path: Path, max_bytes: int) -> Any:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                unpacked = sum(entry.file_size for entry in archive.infolist())
            _check_size(path, 'its content', unpacked, max_bytes)
        return torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        called = _GLOBAL.search(str(error))
        if called is None:
            # Its own message would tell the user to let the file run code.
            raise WeightsError(str(path), 'a whole torch file', 'other bytes', _AGAIN) from error
        raise WeightsError(
            str(path), 'tensors and nothing else', f'a pickle that names {called[1]}', _DISTRUST
        ) from error
    except (zipfile.BadZipFile, OSError, *_DAMAGED) as error:
        raise WeightsError(str(path), 'a whole torch file', error, _AGAIN) from error


def _named(path: Path, content: Any) -> dict[str, Tensor]:
    if not isinstance(content, dict):
        raise WeightsError(str(path), 'tensors by name', type(content).__name__)
    for name, value in content.items():
        if not isinstance(name, str) or not _plain(value):
            got = f'{type(value).__name__} under {name!r}'
            raise WeightsError(
                str(path), 'tensors by name', got, 'save the state dictionary alone'
            )
    return dict(content)


def _plain(value: Any) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized
