"""The bytes of a set of weights: named tensors and facts in one safetensors string."""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import json

from safetensors import SafetensorError
import safetensors.numpy

from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.values import WeightArrays
from laecips_core.weights.facts import parse_facts
from laecips_core.weights.facts import parse_object
from laecips_core.weights.facts import PayloadFacts

MAX_HEADER_BYTES = 1_000_000
"""Largest header read; ten thousand tensors fit."""

_LENGTH_BYTES = 8
# The library writes several metadata entries in no fixed order; with one the bytes repeat.
_KEY = 'laecips'


def tensors_sha256(arrays: WeightArrays) -> str:
    """
    Hash tensors by sorted name, dtype, shape and bytes.

    :param arrays: the tensors as stored, little-endian.
    :returns: 64 hex digits.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        head = json.dumps([name, array.dtype.str, array.shape])
        digest.update(head.encode() + b'\n' + array.tobytes())
    return digest.hexdigest()


def pack(arrays: WeightArrays, facts: PayloadFacts) -> bytes:
    """
    Write tensors and facts; equal input gives equal bytes.

    :param arrays: the tensors as stored, C order, little-endian.
    :param facts: what the receiver must know of them.
    :returns: a safetensors byte string.
    """
    return safetensors.numpy.save(arrays, metadata={_KEY: facts.to_text()})


def read_facts(payload: bytes) -> PayloadFacts:
    """
    Read only the facts; no tensor is looked at and no digest compared.

    :param payload: a safetensors byte string; untrusted.
    :raises WeightsError: when the header is cut, too long or of another form.
    """
    if len(payload) < _LENGTH_BYTES:
        raise WeightsError('payload', 'a safetensors header', f'{len(payload)} bytes')
    header_bytes = int.from_bytes(payload[:_LENGTH_BYTES], 'little')
    most = min(MAX_HEADER_BYTES, len(payload) - _LENGTH_BYTES)
    if header_bytes > most:
        raise WeightsError('payload header', f'at most {most} bytes', header_bytes)
    header = payload[_LENGTH_BYTES : _LENGTH_BYTES + header_bytes].decode(errors='replace')
    metadata = parse_object('payload header', header).get('__metadata__')
    text = metadata.get(_KEY) if isinstance(metadata, Mapping) else None
    if not isinstance(text, str):
        raise WeightsError(
            'payload metadata', f'a text named {_KEY!r}', 'none', 'make the weights with laecips'
        )
    return parse_facts(text)


def unpack(payload: bytes) -> tuple[WeightArrays, PayloadFacts]:
    """
    Read tensors and facts and compare the tensors with their digest.

    :param payload: a safetensors byte string; untrusted, its size already limited.
    :returns: the tensors as stored, read-only, and the facts.
    :raises WeightsError: when it is cut, damaged or of another form.
    :raises DigestError: when the tensors are not those the facts were written for.
    """
    facts = read_facts(payload)
    try:
        arrays = safetensors.numpy.load(payload)
    except (SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise WeightsError('payload', 'safetensors', repr(error), 'send it again') from error
    found = tensors_sha256(arrays)
    if found != facts.tensors_sha256:
        raise DigestError('payload tensors_sha256', facts.tensors_sha256, found, 'send it again')
    return arrays, facts
