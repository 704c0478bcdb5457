"""The fields of ROS messages, each with what its type allows; nothing from the wire gets past."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
import re
import struct
from typing import Any
from typing import Protocol

from builtin_interfaces.msg import Time

from laecips_bridge.errors import PayloadError

MAX_STRINGS = 1024
"""Longest list of strings in a message; the class names of a catalogue are at most 255."""

MAX_STRING_CHARS = 16384
"""Longest text in a message."""

_MAX_FLOAT32 = 3.4028234663852886e38
_FLOAT32 = struct.Struct('f')
_NANOSECONDS = 1_000_000_000
_BITS = re.compile(r'(u?)int(8|16|32|64)')
_MESSAGE = re.compile(r'\w+/\w+')


class MessageField(Protocol):
    """One field: both ways refuse a value that its type does not allow."""

    def to_wire(self, value: Any) -> Any:
        """
        Turn what a message holds into what msgpack packs.

        :param value: the field's value.
        :raises PayloadError: when the type does not allow it.
        """
        ...

    def from_wire(self, value: Any) -> Any:
        """
        Turn what msgpack found into what a message holds.

        :param value: untrusted.
        :raises PayloadError: when it is not exactly what :meth:`to_wire` gives.
        """
        ...


@dataclass(frozen=True)
class IntegerField:
    """An integer in [low, high]; bool is none."""

    name: str
    low: int
    high: int

    def to_wire(self, value: Any) -> int:
        if type(value) is not int or not self.low <= value <= self.high:
            raise _unfit(self.name, f'int in [{self.low}, {self.high}]', value)
        return value

    from_wire = to_wire


@dataclass(frozen=True)
class BoolField:
    """True or false."""

    name: str

    def to_wire(self, value: Any) -> bool:
        if type(value) is not bool:
            raise _unfit(self.name, 'bool', value)
        return value

    from_wire = to_wire


@dataclass(frozen=True)
class Float32Field:
    """A finite number of single precision."""

    name: str

    def to_wire(self, value: Any) -> float:
        # NaN fails both comparisons.
        if type(value) is not float or not -_MAX_FLOAT32 <= value <= _MAX_FLOAT32:
            raise _unfit(self.name, 'finite float32', value)
        return value

    def from_wire(self, value: Any) -> float:
        number = self.to_wire(value)
        if _FLOAT32.unpack(_FLOAT32.pack(number))[0] != number:
            raise _unfit(self.name, 'float32', value)
        return number


@dataclass(frozen=True)
class StringField:
    """Text without NUL, at which ROS would cut it off."""

    name: str

    def to_wire(self, value: Any) -> str:
        if type(value) is not str or len(value) > MAX_STRING_CHARS or '\0' in value:
            expected = f'str of at most {MAX_STRING_CHARS} characters, none NUL'
            raise _unfit(self.name, expected, value)
        return value

    from_wire = to_wire


@dataclass(frozen=True)
class StringsField:
    """A list of texts."""

    name: str

    def to_wire(self, value: Any) -> list[str]:
        if not isinstance(value, list) or len(value) > MAX_STRINGS:
            raise _unfit(self.name, f'list of at most {MAX_STRINGS} str', value)
        text = StringField(self.name)
        return [text.to_wire(one) for one in value]

    from_wire = to_wire


@dataclass(frozen=True)
class BytesField:
    """uint8[]: bin on the wire, an array in the message, where a list would be slow."""

    name: str

    def to_wire(self, value: Any) -> memoryview:
        if not isinstance(value, array) or value.typecode != 'B':
            raise _unfit(self.name, "array of type 'B'", value)
        return memoryview(value)

    def from_wire(self, value: Any) -> array[int]:
        if type(value) is not bytes:
            raise _unfit(self.name, 'bytes', value)
        return array('B', value)


@dataclass(frozen=True)
class NestedField:
    """A message: a map with every field and no other."""

    name: str
    kind: type[Any]
    fields: dict[str, MessageField]

    def to_wire(self, value: Any) -> dict[str, Any]:
        if type(value) is not self.kind:
            raise _unfit(self.name, self.kind.__name__, value)
        return {name: field.to_wire(getattr(value, name)) for name, field in self.fields.items()}

    def from_wire(self, value: Any) -> Any:
        if type(value) is not dict or value.keys() != self.fields.keys():
            raise _unfit(self.name, 'a map of ' + (', '.join(self.fields) or 'nothing'), value)
        return self.kind(**{n: field.from_wire(value[n]) for n, field in self.fields.items()})

    def within(self) -> Iterator[MessageField]:
        """Walk all fields, those of nested messages included."""
        for field in self.fields.values():
            yield field
            if isinstance(field, NestedField):
                yield from field.within()


def message_field(kind: type[Any], name: str = '') -> NestedField:
    """
    Make the checks of a message from its own type.

    :param kind: message class, or request or response class of a service.
    :param name: how errors call it; the name of the class by default.
    :raises TypeError: when it has a field of a type that the bridge does not carry.
    """
    name = name or kind.__name__
    empty = kind()
    types = kind.get_fields_and_field_types()
    return NestedField(
        name,
        kind,
        {own: _field(kind, own, types[own], f'{name}.{own}', empty) for own in types},
    )


def _field(kind: type[Any], own: str, ros_type: str, name: str, empty: Any) -> MessageField:
    if kind is Time and own == 'nanosec':
        return IntegerField(name, 0, _NANOSECONDS - 1)
    if match := _BITS.fullmatch(ros_type):
        bits = int(match[2])
        low, high = (0, 2**bits - 1) if match[1] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return IntegerField(name, low, high)
    if _MESSAGE.fullmatch(ros_type):
        return message_field(type(getattr(empty, own)), name)
    simple: dict[str, Callable[[str], MessageField]] = {
        'boolean': BoolField,
        'float': Float32Field,
        'string': StringField,
        'sequence<string>': StringsField,
        'sequence<uint8>': BytesField,
    }
    if ros_type not in simple:
        raise TypeError(f'{name}: the bridge carries no field of type {ros_type}')
    return simple[ros_type](name)


def _unfit(name: str, expected: str, value: Any) -> PayloadError:
    if type(value) is dict:
        shown = 'a map of ' + (', '.join(str(key)[:40] for key in value) or 'nothing')
    elif isinstance(value, bool | int | float):
        shown = repr(value)
    else:
        shown = type(value).__name__
    return PayloadError(name, expected, shown)
