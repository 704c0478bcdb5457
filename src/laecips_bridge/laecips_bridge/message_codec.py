"""
ROS messages as bytes for the other side: one msgpack map of field name to value.

A nested message is a map, uint8[] is bin, float32 is float32. Both sides have the same message
definitions: a missing field is as wrong as one too many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import TypeVar

import msgpack

from laecips_bridge.errors import PayloadError
from laecips_bridge.errors import PayloadTooLargeError
from laecips_bridge.message_fields import MAX_STRING_CHARS
from laecips_bridge.message_fields import MAX_STRINGS
from laecips_bridge.message_fields import message_field
from laecips_bridge.message_fields import MessageField
from laecips_bridge.message_fields import NestedField
from laecips_bridge.message_fields import StringsField

T = TypeVar('T')
_MAX_UTF8_BYTES = 4


def pack(msg: Any) -> bytes:
    """
    Write a message.

    :param msg: a ROS message, or the request or response of a service.
    :returns: what :func:`unpack` reads; floats are rounded to float32, as DDS does.
    :raises PayloadError: when a value is not one of its field's type, a float is not finite, or a
        text is too long, has NUL or half a character.
    """
    field = _plan(type(msg)).field
    try:
        packed: bytes = msgpack.packb(field.to_wire(msg), use_single_float=True)
    except UnicodeEncodeError as error:
        raise PayloadError(field.name, 'whole characters', error.reason) from error
    return packed


def unpack(kind: type[T], data: bytes, max_bytes: int) -> T:
    """
    Read a message; whatever comes, the memory it takes stays in proportion to ``data``.

    :param kind: class of the message expected.
    :param data: what came; untrusted.
    :param max_bytes: largest size accepted.
    :returns: a message in which every value is one that its field's type allows.
    :raises PayloadTooLargeError: when there are more bytes; they are not decoded.
    :raises PayloadError: when they are anything but one message of this kind.
    """
    plan = _plan(kind)
    if len(data) > max_bytes:
        expected = f'at most {max_bytes} bytes'
        raise PayloadTooLargeError(plan.field.name, expected, f'{len(data)} bytes')
    try:
        value = msgpack.unpackb(
            data,
            strict_map_key=True,
            object_pairs_hook=_map,
            ext_hook=_no_extension,
            max_bin_len=max_bytes,
            **plan.limits,
        )
    except (ValueError, msgpack.UnpackException) as error:
        raise PayloadError(
            plan.field.name, 'one msgpack map', str(error) or repr(error)
        ) from error
    message: T = plan.field.from_wire(value)
    return message


@dataclass(frozen=True)
class _Plan:
    """How a kind of message is checked, and what msgpack may make of its bytes."""

    field: NestedField
    limits: dict[str, int]


_PLANS: dict[type[Any], _Plan] = {}


def _plan(kind: type[Any]) -> _Plan:
    if kind not in _PLANS:
        field = message_field(kind)
        _PLANS[kind] = _Plan(field, _limits([field, *field.within()]))
    return _PLANS[kind]


def _limits(fields: list[MessageField]) -> dict[str, int]:
    # msgpack makes a list in the announced length before its first entry is looked at.
    with_strings = any(isinstance(field, StringsField) for field in fields)
    return {
        'max_map_len': max(len(f.fields) for f in fields if isinstance(f, NestedField)),
        'max_array_len': MAX_STRINGS if with_strings else 0,
        'max_str_len': MAX_STRING_CHARS * _MAX_UTF8_BYTES,
        'max_ext_len': 0,
    }


def _map(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise PayloadError('map', 'each field once', f'one of {len(pairs)} twice')
    return found


def _no_extension(code: int, data: bytes) -> Any:
    raise PayloadError('msgpack', 'no extension', f'code {code}')
