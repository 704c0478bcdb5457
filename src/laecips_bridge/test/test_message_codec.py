"""Tests of messages as bytes: what goes in comes out, and what no message may hold is refused."""

from __future__ import annotations

from array import array
import math
import struct
from typing import Any

from builtin_interfaces.msg import Time
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import msgpack
import pytest
from sensor_msgs.msg import CameraInfo
from std_srvs.srv import Trigger

from laecips_bridge.errors import PayloadError
from laecips_bridge.errors import PayloadTooLargeError
from laecips_bridge.message_codec import pack
from laecips_bridge.message_codec import unpack
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import LinkState
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import TrainingRound
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame

KINDS = [
    SegmentHardFrame.Request,
    SegmentHardFrame.Response,
    GetModelUpdate.Request,
    GetModelUpdate.Response,
    ModelVersion,
    TrainingRound,
    LinkState,
    LabelInfo,
    Trigger.Request,
    Trigger.Response,
]
LIMIT = 1_000_000

# What ROS says of its types, written down apart from the code under test.
TEXT = st.text(st.characters(exclude_categories=['Cs'], exclude_characters='\0'), max_size=50)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    'boolean': st.booleans(),
    'uint8': st.integers(0, 255),
    'uint32': st.integers(0, 4_294_967_295),
    'uint64': st.integers(0, 18_446_744_073_709_551_615),
    'int64': st.integers(-9_223_372_036_854_775_808, 9_223_372_036_854_775_807),
    'float': st.floats(width=32, allow_nan=False, allow_infinity=False),
    'string': TEXT,
    'sequence<string>': st.lists(TEXT, max_size=5),
    'sequence<uint8>': st.binary(max_size=200).map(lambda data: array('B', data)),
    'builtin_interfaces/Time': st.builds(
        Time,
        sec=st.integers(-2_147_483_648, 2_147_483_647),
        nanosec=st.integers(0, 999_999_999),
    ),
}


def messages(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Give messages of a kind with any values its types allow."""
    empty = kind()
    parts = {
        name: VALUES[ros] if ros in VALUES else messages(type(getattr(empty, name)))
        for name, ros in kind.get_fields_and_field_types().items()
    }
    return st.builds(kind, **parts)


def fields_of(msg: Any) -> dict[str, Any]:
    """Give what the bytes of a message mean, read by msgpack alone."""
    found: dict[str, Any] = msgpack.unpackb(pack(msg))
    return found


def repacked(kind: type[Any], **changes: Any) -> bytes:
    """Give the bytes of an empty message with some fields replaced by what is no message."""
    packed: bytes = msgpack.packb(fields_of(kind()) | changes)
    return packed


@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_what_goes_in_comes_out(kind: type[Any], data: st.DataObject) -> None:
    msg = data.draw(messages(kind))
    back = unpack(kind, pack(msg), LIMIT)
    assert type(back) is kind
    assert back == msg


def test_the_form_on_the_wire() -> None:
    msg = SegmentHardFrame.Request(
        frame_uid='a/1',
        stamp=Time(sec=-1, nanosec=5),
        image_data=array('B', b'\x00\xff'),
        deadline_s=0.1,
        training_only=True,
    )
    assert fields_of(msg) == {
        'frame_uid': 'a/1',
        'robot': '',
        'stamp': {'sec': -1, 'nanosec': 5},
        'weights_version': '',
        'catalogue_sha256': '',
        'image_sha256': '',
        'image_data': b'\x00\xff',
        'deadline_s': struct.unpack('>f', struct.pack('>f', 0.1))[0],
        'training_only': True,
    }
    assert msgpack.unpackb(pack(Trigger.Request())) == {}


def test_bytes_become_an_array() -> None:
    data = array('B', bytes(range(256)) * 250)
    back = unpack(SegmentHardFrame.Request, pack(SegmentHardFrame.Request(image_data=data)), LIMIT)
    assert isinstance(back.image_data, array)
    assert back.image_data.typecode == 'B'
    assert back.image_data == data


def test_the_size_is_compared_before_anything_is_read() -> None:
    packed = pack(TrainingRound())
    assert unpack(TrainingRound, packed, len(packed)) == TrainingRound()
    expected = (
        rf'^TrainingRound: expected at most {len(packed) - 1} bytes, got {len(packed)} bytes'
    )
    with pytest.raises(PayloadTooLargeError, match=expected) as caught:
        unpack(TrainingRound, packed, len(packed) - 1)
    assert caught.value.code == 'payload_too_large'
    with pytest.raises(PayloadTooLargeError):
        unpack(TrainingRound, b'\xc1' * 100, 99)


def test_a_missing_field_is_refused() -> None:
    fields = fields_of(TrainingRound())
    del fields['reason']
    with pytest.raises(PayloadError, match=r'expected a map of training_round, .* got a map of '):
        unpack(TrainingRound, msgpack.packb(fields), LIMIT)


def test_a_field_too_many_is_refused() -> None:
    with pytest.raises(PayloadError, match='ModelVersion: expected one msgpack map'):
        unpack(ModelVersion, repacked(ModelVersion, more=1), LIMIT)
    # Below the limit on maps, which is that of the largest map within.
    with pytest.raises(PayloadError, match=r'stamp: expected a map of sec, nanosec, got'):
        unpack(LinkState, repacked(LinkState, stamp={'sec': 0, 'nanosec': 0, 'more': 0}), LIMIT)


def test_a_field_that_comes_twice_is_refused() -> None:
    twice = b'\x82' + msgpack.packb('sec') + b'\x00' + msgpack.packb('sec') + b'\x00'
    with pytest.raises(PayloadError, match='map: expected each field once'):
        unpack(Time, twice, LIMIT)
    with pytest.raises(PayloadError, match='map: expected each field once'):
        unpack(ModelVersion, b'\x82\xa1a\x00\xa1a\x00', LIMIT)


def test_bytes_after_the_message_are_refused() -> None:
    with pytest.raises(PayloadError, match='TrainingRound: expected one msgpack map'):
        unpack(TrainingRound, pack(TrainingRound()) + b'\x00', LIMIT)


def test_names_that_are_no_text_are_refused() -> None:
    fields = {name.encode(): value for name, value in fields_of(TrainingRound()).items()}
    with pytest.raises(PayloadError, match='TrainingRound: expected a map of'):
        unpack(TrainingRound, msgpack.packb(fields), LIMIT)
    with pytest.raises(PayloadError, match='TrainingRound: expected one msgpack map'):
        unpack(TrainingRound, b'\x81\x01\x02', LIMIT)


def test_another_kind_of_message_is_refused() -> None:
    with pytest.raises(PayloadError, match='TrainingRound: expected a map of'):
        unpack(TrainingRound, pack(Trigger.Response()), LIMIT)


@pytest.mark.parametrize(
    ('kind', 'name', 'value', 'expected'),
    [
        (TrainingRound, 'state', 256, r'int in \[0, 255\], got 256'),
        (TrainingRound, 'state', -1, r'int in \[0, 255\], got -1'),
        (TrainingRound, 'state', True, r'int in \[0, 255\], got True'),
        (TrainingRound, 'state', 1.0, r'int in \[0, 255\], got 1.0'),
        (TrainingRound, 'samples', 2**32, r'int in \[0, 4294967295\]'),
        (TrainingRound, 'reason', b'a', 'str of at most 16384 characters, none NUL, got bytes'),
        (TrainingRound, 'reason', 'a\0b', 'str of at most 16384 characters, none NUL'),
        (TrainingRound, 'reason', 'a' * 16385, 'str of at most 16384 characters, none NUL'),
        (TrainingRound, 'reason', None, 'str of at most .* got NoneType'),
        (TrainingRound, 'duration_s', 1, 'finite float32, got 1'),
        (TrainingRound, 'duration_s', math.nan, 'finite float32, got nan'),
        (TrainingRound, 'duration_s', math.inf, 'finite float32, got inf'),
        (TrainingRound, 'duration_s', -math.inf, 'finite float32, got -inf'),
        (TrainingRound, 'duration_s', 3.5e38, 'finite float32, got 3.5e'),
        (TrainingRound, 'duration_s', 0.1, 'float32, got 0.1'),
        (Trigger.Response, 'success', 1, 'bool, got 1'),
        (ModelVersion, 'release', -1, r'int in \[0, 18446744073709551615\], got -1'),
        (ModelVersion, 'expires_ns', 2**63, r'int in \[-9223372036854775808, '),
        (ModelVersion, 'signature', 'a', 'bytes, got str'),
        (LinkState, 'stamp', {'sec': 2**31, 'nanosec': 0}, r'int in \[-2147483648, 2147483647\]'),
        (LinkState, 'stamp', {'sec': 0, 'nanosec': 10**9}, r'int in \[0, 999999999\]'),
        (LinkState, 'stamp', {}, 'a map of sec, nanosec, got a map of nothing'),
        (LinkState, 'stamp', 0, 'a map of sec, nanosec, got 0'),
        (LabelInfo, 'class_names', ['a', b'b'], 'str of at most .* got bytes'),
        (LabelInfo, 'class_names', 'ab', 'list of at most 1024 str, got str'),
        (LabelInfo, 'colours', [1, 2], 'bytes, got list'),
    ],
)
def test_a_value_that_its_type_does_not_allow_is_refused(
    kind: type[Any], name: str, value: Any, expected: str
) -> None:
    with pytest.raises(PayloadError, match=rf'{name}[a-z.]*: expected {expected}') as caught:
        unpack(kind, repacked(kind, **{name: value}), LIMIT)
    assert caught.value.code == 'bad_payload'


def test_longest_lists_and_texts_pass() -> None:
    info = LabelInfo(class_names=['é' * 16384] + [''] * 1023)
    assert unpack(LabelInfo, pack(info), LIMIT) == info
    info.class_names.append('')
    with pytest.raises(PayloadError, match='class_names: expected list of at most 1024 str'):
        pack(info)
    long = repacked(LabelInfo, class_names=[''] * 1025)
    with pytest.raises(PayloadError, match='LabelInfo: expected one msgpack map'):
        unpack(LabelInfo, long, LIMIT)


@pytest.mark.parametrize(
    ('msg', 'expected'),
    [
        (TrainingRound(duration_s=math.nan), r'duration_s: expected finite float32, got nan'),
        (TrainingRound(reason='\udc80'), 'TrainingRound: expected whole characters'),
        (TrainingRound(reason='a\0'), 'reason: expected str of at most'),
        (LinkState(stamp=Time(nanosec=10**9)), r'stamp\.nanosec: expected int in'),
        (LinkState(stamp=TrainingRound()), 'stamp: expected Time, got TrainingRound'),
    ],
)
def test_what_the_other_side_would_refuse_is_not_packed(msg: Any, expected: str) -> None:
    with pytest.raises(PayloadError, match=expected):
        pack(msg)


def test_a_type_that_the_bridge_does_not_carry_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match=r'CameraInfo\.d: the bridge carries no field of type'):
        unpack(CameraInfo, b'\x80', LIMIT)
