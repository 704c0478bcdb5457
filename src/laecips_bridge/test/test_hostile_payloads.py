"""
Tests of what anybody might send: refused with our errors, in memory that stays flat.

The properties below run 11,600 cases; the rest is by hand.
"""

from __future__ import annotations

from array import array
import random
import resource
import tracemalloc
from typing import Any

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import msgpack
import pytest
from std_srvs.srv import Trigger

from laecips_bridge.errors import PayloadError
from laecips_bridge.errors import PayloadTooLargeError
from laecips_bridge.message_codec import pack
from laecips_bridge.message_codec import unpack
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import LinkState
from laecips_msgs.msg import ModelVersion
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame

LIMIT = 4096
VALID = [
    SegmentHardFrame.Request(frame_uid='robot/1', image_data=array('B', bytes(40))),
    SegmentHardFrame.Response(weights_version='0' * 12, label_png=array('B', bytes(20))),
    GetModelUpdate.Request(version='0' * 12, max_bytes=65536),
    GetModelUpdate.Response(chunk=array('B', bytes(30))),
    ModelVersion(model='fast_scnn', signature=array('B', bytes(64))),
    LinkState(reason='heartbeats are answered', rtt_s=0.5),
    LabelInfo(class_names=['road', 'sky'], colours=array('B', bytes(6))),
    Trigger.Response(message='started'),
]
KINDS = [type(msg) for msg in VALID]
PACKED = [pack(msg) for msg in VALID]
KINDS_OR_NONE = [*KINDS, Trigger.Request]

ANY_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=20))
    | st.builds(msgpack.Timestamp, st.integers(0, 2**32)),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=4,
)


def outcome(kind: type[Any], data: bytes) -> Any:
    """Give the message, or None when it was refused as it should; all other errors go on."""
    try:
        return unpack(kind, data, LIMIT)
    except PayloadTooLargeError:
        assert len(data) > LIMIT
    except PayloadError:
        pass
    return None


def check(kind: type[Any], data: bytes) -> None:
    """Refused, or a message that can be packed again and means the same."""
    msg = outcome(kind, data)
    if msg is not None:
        assert unpack(kind, pack(msg), 2 * LIMIT) == msg


@settings(max_examples=5000, deadline=None)
@given(st.sampled_from(KINDS_OR_NONE), st.binary(max_size=200))
def test_random_bytes(kind: type[Any], data: bytes) -> None:
    check(kind, data)


@settings(max_examples=3000, deadline=None)
@given(st.data())
def test_valid_bytes_with_some_changed(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(VALID) - 1))
    changed = bytearray(PACKED[which])
    changes = st.lists(
        st.tuples(st.integers(0, len(changed) - 1), st.integers(0, 255)), min_size=1, max_size=6
    )
    for place, value in data.draw(changes):
        changed[place] = value
    check(KINDS[which], bytes(changed))


@settings(max_examples=1000, deadline=None)
@given(st.data())
def test_valid_bytes_with_some_put_in_or_left_out(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(VALID) - 1))
    packed = PACKED[which]
    start, end = (data.draw(st.integers(0, len(packed))) for _ in range(2))
    check(KINDS[which], packed[:start] + data.draw(st.binary(max_size=20)) + packed[end:])


@settings(max_examples=1000, deadline=None)
@given(st.data())
def test_fields_of_any_type(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(VALID) - 1))
    fields = msgpack.unpackb(PACKED[which])
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(ANY_VALUE)
    check(KINDS[which], msgpack.packb(fields))


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(KINDS_OR_NONE), ANY_VALUE)
def test_values_that_are_no_message(kind: type[Any], value: Any) -> None:
    check(kind, msgpack.packb(value))


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(KINDS_OR_NONE), st.integers(1, 100_000), st.integers(0, 255))
def test_too_many_bytes(kind: type[Any], more: int, value: int) -> None:
    with pytest.raises(PayloadTooLargeError):
        unpack(kind, bytes([value]) * (LIMIT + more), LIMIT)


@pytest.mark.parametrize('which', range(len(VALID)))
def test_every_truncation_is_refused(which: int) -> None:
    for end in range(len(PACKED[which])):
        with pytest.raises(PayloadError):
            unpack(KINDS[which], PACKED[which][:end], LIMIT)


@pytest.mark.parametrize('code', range(-128, 128))
def test_every_extension_is_refused(code: int) -> None:
    for size in range(17):
        extension = bytes([0xC7, size, code % 256]) + bytes(size)
        for data in (extension, b'\x81\xa1a' + extension, b'\x81' + extension + b'\x00'):
            with pytest.raises(PayloadError):
                unpack(ModelVersion, data, LIMIT)


# map32, array32, str32, bin32 and ext32, each with the largest length that can be announced.
HUGE = [b'\xdf\xff\xff\xff\xff', b'\xdd\xff\xff\xff\xff', b'\xdb\xff\xff\xff\xff']
HUGE += [b'\xc6\xff\xff\xff\xff', b'\xc9\xff\xff\xff\xff\x01']
NESTED = [b'\x91', b'\x81\xa1a', b'\x81\xa1a\x91', b'\xdc\x04\x00', b'\xde\x00\x0b\xa1a']


def peak_bytes(kind: type[Any], data: bytes) -> int:
    """Give the most memory that refusing took."""
    tracemalloc.start()
    try:
        assert outcome(kind, data) is None
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('kind', [LabelInfo, ModelVersion, Trigger.Request])
@pytest.mark.parametrize('head', [b'', b'\x81\xa1a', b'\x91'], ids=['alone', 'map', 'list'])
@pytest.mark.parametrize('huge', HUGE, ids=['map', 'list', 'str', 'bin', 'ext'])
def test_a_huge_announced_length_takes_no_memory(
    kind: type[Any], head: bytes, huge: bytes
) -> None:
    assert peak_bytes(kind, head + huge + bytes(100)) < 100_000


@pytest.mark.parametrize(
    ('kind', 'most_bytes'),
    # The worst: a thousand lists, each made as long as one of class names may be.
    [(LabelInfo, 9_000_000), (GetModelUpdate.Response, 1_000_000), (Trigger.Request, 100_000)],
)
@pytest.mark.parametrize('level', NESTED)
@pytest.mark.parametrize('depth', [3, 400, 1000])
def test_deep_nesting_is_refused(
    kind: type[Any], most_bytes: int, level: bytes, depth: int
) -> None:
    assert peak_bytes(kind, (level * depth + b'\x00')[:LIMIT]) < most_bytes


def attack(source: random.Random) -> None:
    """Send a changed message and some noise."""
    which = source.randrange(len(VALID))
    changed = bytearray(PACKED[which])
    for _ in range(source.randint(1, 8)):
        changed[source.randrange(len(changed))] = source.randrange(256)
    outcome(KINDS[which], bytes(changed))
    outcome(KINDS[which], source.randbytes(source.randrange(LIMIT)))


def test_memory_does_not_grow_with_what_is_refused() -> None:
    source = random.Random(0)
    for _ in range(200):
        attack(source)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(3000):
            attack(source)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now - before < 20_000
    assert peak - before < 200_000


def test_the_process_does_not_grow_with_what_is_refused() -> None:
    # The memory of msgpack's C code is not Python's own, and would not be seen above.
    source = random.Random(1)
    for _ in range(1000):
        attack(source)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(20_000):
        attack(source)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 10_000
