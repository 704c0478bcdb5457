"""
Weights as a difference to others that the receiver holds: only the stored numbers that changed.

The bytes are MAGIC, the sha256 of the stored tensors of parent and child, and the sections of
:mod:`laecips_core.weights.changes` for each width (1, 2, 4 or 8 bytes) that has numbers, smallest
first. Numbers of one width are one sequence, tensors by sorted name.
"""

from __future__ import annotations

import numpy as np

from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightArrays
from laecips_core.weights.changes import changed
from laecips_core.weights.changes import changes_between
from laecips_core.weights.changes import Numbers
from laecips_core.weights.changes import SectionReader
from laecips_core.weights.checks import check_tensors
from laecips_core.weights.payload import tensors_sha256
from laecips_core.weights.precision import restore
from laecips_core.weights.precision import store

MAGIC = b'LAEDELT1'
"""First bytes of every delta; the last of them is the version of the layout."""

_SHA256_BYTES = 32
_HEAD_BYTES = len(MAGIC) + 2 * _SHA256_BYTES


def encode_delta(parent: ModelWeights, child: ModelWeights) -> bytes:
    """
    Encode what turns one set of weights into another; equal input gives equal bytes.

    :param parent: weights that the receiver holds.
    :param child: weights to send, of the same names, shapes and dtypes.
    :returns: bytes for :func:`apply_delta`: few where few stored numbers differ, or differ by
        little. Where they are more than those of :func:`full_bytes`, send these.
    :raises WeightsError: when the two are not of one form, or cannot be stored.
    """
    old, new = store(parent), store(child)
    _check_form(old, new)
    before, after = _by_width(old), _by_width(new)
    head = MAGIC + bytes.fromhex(tensors_sha256(old) + tensors_sha256(new))
    return head + b''.join(changes_between(before[width], after[width]) for width in before)


def full_bytes(weights: ModelWeights) -> bytes:
    """
    Encode weights whole: what a delta has to undercut.

    :param weights: edge and miner tensors.
    :returns: their delta to zeros, for :func:`apply_delta` with :func:`zeros_like` as parent.
    :raises WeightsError: when they cannot be stored.
    """
    return encode_delta(zeros_like(weights), weights)


def zeros_like(weights: ModelWeights) -> ModelWeights:
    """
    Give the parent of :func:`full_bytes`.

    :param weights: gives names, shapes and dtypes.
    """
    edge = {name: np.zeros_like(array) for name, array in weights.edge.items()}
    miner = {name: np.zeros_like(array) for name, array in weights.miner.items()}
    return ModelWeights(edge, miner)


def delta_digests(data: bytes) -> tuple[str, str]:
    """
    Read which weights a delta starts from and ends at; nothing else is looked at.

    :param data: a delta; untrusted.
    :returns: sha256 of the stored tensors of parent and child, 64 hex digits each; their first
        digits are the versions.
    :raises WeightsError: when it is cut or of another form.
    """
    if len(data) < _HEAD_BYTES or not data.startswith(MAGIC):
        got = f'{len(data)} bytes that start with {data[: len(MAGIC)]!r}'
        raise WeightsError('delta', f'{MAGIC!r} and two digests', got, 'send it again')
    digests = data[len(MAGIC) : _HEAD_BYTES].hex()
    return digests[: 2 * _SHA256_BYTES], digests[2 * _SHA256_BYTES :]


def apply_delta(parent: ModelWeights, data: bytes, max_bytes: int) -> ModelWeights:
    """
    Undo :func:`encode_delta`.

    Names, shapes and dtypes are the parent's, whose digest holds them. The digests tell damage;
    whether the child is the one announced, the caller sees from :func:`delta_digests`.

    :param parent: the weights that the delta was made from; not changed.
    :param data: the delta; untrusted.
    :param max_bytes: bound on its size, looked at before anything else, and on what it unpacks to.
    :returns: the child as stored, bit for bit; writable copies, floats as float32.
    :raises WeightsError: when it is too large, damaged, not finite or of another form.
    :raises DigestError: when the parent is another, or the child is not the one encoded.
    """
    if len(data) > max_bytes:
        remedy = 'raise limits.max_update_bytes if this is meant'
        raise WeightsError('delta', f'at most {max_bytes} bytes', len(data), remedy)
    from_sha256, to_sha256 = delta_digests(data)
    arrays = store(parent)
    _check_digest('parent of the delta', from_sha256, arrays, 'send the weights whole')
    reader = SectionReader(data, _HEAD_BYTES, max_bytes)
    before = _by_width(arrays)
    child = _shaped(arrays, {width: changed(before[width], reader) for width in before})
    reader.check_end()
    _check_digest('child of the delta', to_sha256, child, 'send it again')
    return restore(child)


def _check_form(old: WeightArrays, new: WeightArrays) -> None:
    check_tensors({name: array.shape for name, array in old.items()}, new)
    for name, array in old.items():
        if new[name].dtype != array.dtype:
            raise WeightsError(f'{name} of the child', array.dtype, new[name].dtype)


def _check_digest(what: str, expected: str, arrays: WeightArrays, do: str) -> None:
    found = tensors_sha256(arrays)
    if found != expected:
        raise DigestError(f'{what}, tensors_sha256', expected, found, do)


def _by_width(arrays: WeightArrays) -> dict[int, Numbers]:
    widths = sorted({array.itemsize for array in arrays.values()})
    names = sorted(arrays)
    return {
        width: np.concatenate(
            [
                arrays[n].reshape(-1).view(f'<i{width}')
                for n in names
                if arrays[n].itemsize == width
            ]
        )
        for width in widths
    }


def _shaped(form: WeightArrays, numbers: dict[int, Numbers]) -> WeightArrays:
    begin = dict.fromkeys(numbers, 0)
    found: WeightArrays = {}
    for name in sorted(form):
        array = form[name]
        end = begin[array.itemsize] + array.size
        part = numbers[array.itemsize][begin[array.itemsize] : end]
        found[name] = part.view(array.dtype).reshape(array.shape)
        begin[array.itemsize] = end
    return {name: found[name] for name in form}
