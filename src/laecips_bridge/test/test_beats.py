"""Heartbeats as bytes: nothing but a heartbeat gets in."""

from __future__ import annotations

from collections.abc import Callable
import hashlib
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import msgpack
import pytest

from laecips_bridge.beats import Beat
from laecips_bridge.beats import digest_of
from laecips_bridge.beats import MAX_BEAT_BYTES
from laecips_bridge.beats import MAX_TOPIC_BYTES
from laecips_bridge.beats import pack_beat
from laecips_bridge.beats import unpack_beat
from laecips_bridge.errors import PayloadError
from laecips_bridge.errors import PayloadTooLargeError
from laecips_bridge.keys import TOPICS

MAX_NUMBER = 9_223_372_036_854_775_807


@given(
    st.integers(0, MAX_NUMBER),
    st.dictionaries(st.sampled_from(TOPICS), st.binary(max_size=100)),
)
def test_what_is_packed_is_unpacked(number: int, topics: dict[str, bytes]) -> None:
    assert unpack_beat(pack_beat(Beat(number, topics))) == Beat(number, topics)


def test_the_bytes_are_a_pair_in_msgpack() -> None:
    packed = pack_beat(Beat(7, {'model_version': b'\x01\x02'}))
    assert packed == b'\x92\x07\x81\xadmodel_version\xc4\x02\x01\x02'


def test_an_answer_has_room_for_the_largest_messages() -> None:
    full = Beat(MAX_NUMBER, dict.fromkeys(TOPICS, bytes(MAX_TOPIC_BYTES)))
    assert unpack_beat(pack_beat(full)) == full


@given(st.binary(max_size=200))
def test_hostile_bytes_give_a_beat_or_the_error(data: bytes) -> None:
    try:
        beat = unpack_beat(data)
    except PayloadError:
        return
    assert 0 <= beat.number <= MAX_NUMBER
    assert set(beat.topics) <= set(TOPICS)


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(),
        lambda some: st.lists(some) | st.dictionaries(st.text(max_size=5) | st.binary(), some),
        max_leaves=5,
    )
)
def test_anything_else_in_msgpack_is_refused(value: Any) -> None:
    with pytest.raises(PayloadError):
        unpack_beat(msgpack.packb(value))


@pytest.mark.parametrize(
    'value',
    [
        [-1, {}],
        [MAX_NUMBER + 1, {}],
        [True, {}],
        [1.0, {}],
        ['1', {}],
        [1],
        [1, {}, 0],
        [1, []],
        [1, {'other': b''}],
        [1, {b'model_version': b''}],
        [1, {'model_version': 'text'}],
        [1, {'model_version': 1}],
        [1, {'model_version': [b'']}],
        [1, {'model_version': b'', 'training_round': b'', 'third': b''}],
        [1, {'model_version': msgpack.ExtType(1, b'')}],
        [msgpack.Timestamp(1), {}],
        {'number': 1},
    ],
)
def test_what_is_not_a_number_and_topics_is_refused(value: Any) -> None:
    with pytest.raises(PayloadError, match='heartbeat'):
        unpack_beat(msgpack.packb(value))


@pytest.mark.parametrize(
    'damage',
    [
        lambda data: data[:-1],
        lambda data: data + b'\x00',
        lambda data: b'',
        lambda data: b'\x91' * 5000,
        lambda data: b'\xdf\xff\xff\xff\xff',
        lambda data: b'\x92\x01\x81\xa2\xff\xfe\xc4\x00',
    ],
)
def test_damaged_bytes_are_refused(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(PayloadError):
        unpack_beat(damage(pack_beat(Beat(1, {'model_version': b'1'}))))


def test_too_many_bytes_are_not_looked_at() -> None:
    with pytest.raises(PayloadTooLargeError, match=f'at most {MAX_BEAT_BYTES} bytes, got 16385'):
        unpack_beat(b'\xc1' * (MAX_BEAT_BYTES + 1))


def test_the_most_bytes_are_decoded() -> None:
    with pytest.raises(PayloadError) as caught:
        unpack_beat(b'\xc1' * MAX_BEAT_BYTES)
    assert caught.type is PayloadError


def test_a_digest_is_the_start_of_sha256() -> None:
    assert digest_of(b'abc') == hashlib.sha256(b'abc').digest()[:8]


def test_nothing_has_the_empty_digest() -> None:
    assert digest_of(b'') == b''
