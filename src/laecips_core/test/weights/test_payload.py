from __future__ import annotations

import hashlib
import json
import struct
import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DigestError
from laecips_core.errors import LaecipsError
from laecips_core.errors import WeightsError
from laecips_core.weights.facts import ENCODING
from laecips_core.weights.facts import PayloadFacts
from laecips_core.weights.payload import pack
from laecips_core.weights.payload import read_facts
from laecips_core.weights.payload import tensors_sha256
from laecips_core.weights.payload import unpack

ARRAYS = {
    'edge.b': np.array([1.5, -2.0], '<f4'),
    'edge.a': np.arange(6, dtype='<f2').reshape(2, 3),
    'miner.n': np.array(7, '<i8'),
    'edge.none': np.zeros((0, 4), '<f2'),
}
CATALOGUE = ClassCatalogue(('road',), ((1, 2, 3),))
FACTS = PayloadFacts('net', '', CATALOGUE, ENCODING, {}, tensors_sha256(ARRAYS))
PAYLOAD = pack(ARRAYS, FACTS)


def container(header: Any, data: bytes = b'') -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack('<Q', len(text)) + text + data


def with_facts(entries: dict[str, Any], data: bytes = b'') -> bytes:
    return container({'__metadata__': {'laecips': FACTS.to_text()}} | entries, data)


def test_tensors_and_facts_come_back() -> None:
    arrays, facts = unpack(PAYLOAD)
    assert facts == FACTS == read_facts(PAYLOAD)
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()


def test_the_digest_is_that_of_its_description() -> None:
    whole = b''
    for name in ('edge.a', 'edge.b', 'edge.none', 'miner.n'):
        array = ARRAYS[name]
        whole += json.dumps([name, array.dtype.str, list(array.shape)]).encode() + b'\n'
        whole += array.tobytes()
    assert tensors_sha256(ARRAYS) == hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize(
    'other',
    [
        {'edge.a': np.zeros((2, 3), '<f4')},
        {'edge.a': np.zeros((3, 2), '<f2')},
        {'edge.c': np.zeros((2, 3), '<f2')},
        {'edge.a': np.full((2, 3), -0.0, '<f2')},
        {},
    ],
)
def test_name_dtype_shape_and_bytes_all_change_the_digest(other: dict[str, np.ndarray]) -> None:
    assert tensors_sha256({'edge.a': np.zeros((2, 3), '<f2')}) != tensors_sha256(other)


def test_the_order_of_names_changes_no_byte() -> None:
    turned = dict(reversed(ARRAYS.items()))
    assert tensors_sha256(turned) == FACTS.tensors_sha256
    assert pack(turned, FACTS) == PAYLOAD


@pytest.mark.parametrize('length', range(8))
def test_less_than_a_length_is_refused(length: int) -> None:
    match = f'payload: expected a safetensors header, got {length} bytes'
    with pytest.raises(WeightsError, match=match):
        unpack(PAYLOAD[:length])


@pytest.mark.parametrize('length', range(8, len(PAYLOAD), 7))
def test_a_cut_payload_is_refused(length: int) -> None:
    with pytest.raises(WeightsError, match='payload'):
        unpack(PAYLOAD[:length])


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(WeightsError, match='payload: expected safetensors, got Safetensor'):
        unpack(PAYLOAD + b'\0')


@pytest.mark.parametrize('length', [2**64 - 1, 2**63, 2**40, 1_000_001])
def test_a_huge_header_is_refused_without_room_for_it(length: int) -> None:
    payload = struct.pack('<Q', length) + b'{}'
    match = f'payload header: expected at most 2 bytes, got {length}'
    tracemalloc.start()
    with pytest.raises(WeightsError, match=match):
        unpack(payload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_header_over_the_limit_is_refused_even_when_it_is_there() -> None:
    with pytest.raises(WeightsError, match='payload header: expected at most 1000000 bytes'):
        unpack(container(b' ' * 1_000_001))


@pytest.mark.parametrize('header', [b'', b'\xff\xfe', b'{"a":', b'[]', b'[' * 50_000, b'garbage'])
def test_a_header_that_is_no_object_is_refused(header: bytes) -> None:
    with pytest.raises(WeightsError, match='payload header: expected a JSON object'):
        unpack(container(header))


@pytest.mark.parametrize(
    'header', [{}, {'__metadata__': {}}, {'__metadata__': 1}, {'__metadata__': {'laecips': 1}}]
)
def test_missing_metadata_is_refused(header: dict[str, Any]) -> None:
    match = "payload metadata: expected a text named 'laecips', got none; make the weights"
    with pytest.raises(WeightsError, match=match):
        unpack(container(header))


@pytest.mark.parametrize(
    'entry',
    [
        {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 4]},
        {'dtype': 'F32', 'shape': [1], 'data_offsets': [4, 8]},
        {'dtype': 'F32', 'shape': [2**40, 2**40], 'data_offsets': [0, 4]},
        {'dtype': 'F32', 'shape': [-1], 'data_offsets': [0, 4]},
        {'dtype': 'BF16', 'shape': [2], 'data_offsets': [0, 4]},
        {'dtype': 'object', 'shape': [1], 'data_offsets': [0, 4]},
        {'dtype': 'F32', 'shape': [1] * 70, 'data_offsets': [0, 4]},
        {'dtype': 'F32'},
        7,
    ],
)
def test_a_tensor_that_does_not_fit_its_bytes_is_refused(entry: object) -> None:
    with pytest.raises(WeightsError, match='payload: expected safetensors, got'):
        unpack(with_facts({'edge.a': entry}, bytes(4)))


@pytest.mark.parametrize('shape', [[2**62, 0], [2**70, 0], [0, 2**62, 2**62]])
def test_an_empty_tensor_of_absurd_shape_is_refused(shape: list[int]) -> None:
    with pytest.raises(WeightsError, match='payload'):
        unpack(with_facts({'edge.a': {'dtype': 'F32', 'shape': shape, 'data_offsets': [0, 0]}}))


@pytest.mark.parametrize('position', range(1, 29))
def test_a_damaged_tensor_byte_is_noticed(position: int) -> None:
    damaged = bytearray(PAYLOAD)
    damaged[-position] ^= 1
    with pytest.raises(DigestError, match=r'payload tensors_sha256: expected .*send it again'):
        unpack(bytes(damaged))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.binary(max_size=200))
def test_random_bytes_give_only_our_errors(data: bytes) -> None:
    with pytest.raises(LaecipsError):
        unpack(data)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    position=st.integers(0, len(PAYLOAD) - 1),
    noise=st.binary(min_size=1, max_size=8),
    length=st.integers(0, len(PAYLOAD) + 8),
)
def test_mutated_payloads_give_only_our_errors(position: int, noise: bytes, length: int) -> None:
    mutated = PAYLOAD[:position] + noise + PAYLOAD[position + len(noise) :]
    try:
        arrays, _ = unpack(mutated[:length])
    except LaecipsError:
        return
    assert tensors_sha256(arrays) == FACTS.tensors_sha256
