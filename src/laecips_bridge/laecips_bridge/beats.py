"""Heartbeats: a number, what latched topics the robot knows, and those it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
from typing import Any

import msgpack

from laecips_bridge.errors import PayloadError
from laecips_bridge.errors import PayloadTooLargeError
from laecips_bridge.keys import TOPICS

MAX_BEAT_BYTES = 16_384
"""Largest heartbeat or answer that is decoded."""

MAX_TOPIC_BYTES = MAX_BEAT_BYTES // len(TOPICS) - 128
"""Largest latched message: an answer has room for all of them."""

_DIGEST_BYTES = 8
_MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True)
class Beat:
    """
    A heartbeat, or the answer to one.

    :param number: counts the heartbeats of one run of the bridge.
    :param topics: by name of a latched topic: in a heartbeat the digest of the message that the
        robot has (empty: none), in an answer the packed message, of those alone that differ.
    """

    number: int
    topics: Mapping[str, bytes]


def digest_of(message: bytes) -> bytes:
    """
    Shorten a packed message to what tells it apart.

    :param message: the packed message; empty gives empty.
    :returns: 8 bytes.
    """
    return hashlib.sha256(message).digest()[:_DIGEST_BYTES] if message else b''


def pack_beat(beat: Beat) -> bytes:
    """
    Encode a heartbeat.

    :param beat: the heartbeat or its answer.
    """
    packed: bytes = msgpack.packb([beat.number, dict(beat.topics)])
    return packed


def unpack_beat(data: bytes) -> Beat:
    """
    Decode a heartbeat.

    :param data: as it came; untrusted.
    :raises PayloadTooLargeError: when it is above MAX_BEAT_BYTES.
    :raises PayloadError: when it is anything but a heartbeat.
    """
    if len(data) > MAX_BEAT_BYTES:
        raise PayloadTooLargeError('heartbeat', f'at most {MAX_BEAT_BYTES} bytes', len(data))
    try:
        found: Any = msgpack.unpackb(
            data, max_map_len=len(TOPICS), max_array_len=2, max_ext_len=0, max_str_len=64
        )
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise PayloadError('heartbeat', 'msgpack', repr(error)[:100]) from error
    if not isinstance(found, list) or len(found) != 2:
        raise PayloadError('heartbeat', 'a number and topics', type(found).__name__)
    number, topics = found
    if type(number) is not int or not 0 <= number <= _MAX_NUMBER:
        raise PayloadError('heartbeat number', f'0 to {_MAX_NUMBER}', repr(number)[:100])
    if not isinstance(topics, dict):
        raise PayloadError('heartbeat topics', 'a map', type(topics).__name__)
    for name, value in topics.items():
        if name not in TOPICS or not isinstance(value, bytes):
            raise PayloadError('heartbeat topic', f'bytes of one of {TOPICS}', repr(name)[:100])
    return Beat(number, topics)
