"""What a payload of weights says of itself, as one JSON text inside its safetensors header."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import json
import re
from typing import Any

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DataSetError
from laecips_core.errors import WeightsError

FORMAT = 1
"""Version of the layout that :meth:`PayloadFacts.to_text` writes."""

ENCODING = 'safetensors-mixed16'
"""Floats of 2 or more dimensions as float16, other floats as float32, integers as they are."""

VERSION_DIGITS = 12
"""Leading hex digits of the tensors' digest that make a version."""

_TEXT_FIELDS = ('model', 'parent', 'encoding', 'tensors_sha256')
_SHA256 = re.compile(r'[0-9a-f]{64}')


@dataclass(frozen=True)
class PayloadFacts:
    """
    Everything a receiver must know of the tensors beside it.

    :param model: name of the edge model, as in the registry.
    :param parent: version they were trained from; empty: from scratch.
    :param catalogue: the classes the model tells apart.
    :param encoding: how the tensors are stored.
    :param notes: free text facts.
    :param tensors_sha256: digest of the stored tensors, 64 hex digits.
    """

    model: str
    parent: str
    catalogue: ClassCatalogue
    encoding: str
    notes: dict[str, str]
    tensors_sha256: str

    @property
    def version(self) -> str:
        """Content address: the same numbers always have the same version."""
        return self.tensors_sha256[:VERSION_DIGITS]

    def to_text(self) -> str:
        """Write as JSON with sorted keys, so that equal facts give equal bytes."""
        entry = {
            'format': FORMAT,
            'catalogue': {'names': self.catalogue.names, 'colours': self.catalogue.colours},
            'notes': self.notes,
        }
        entry |= {name: getattr(self, name) for name in _TEXT_FIELDS}
        return json.dumps(entry, sort_keys=True)


def parse_facts(text: str) -> PayloadFacts:
    """
    Read facts back; the text is untrusted.

    :param text: what :meth:`PayloadFacts.to_text` wrote.
    :returns: the facts; the digest is not compared with any tensor here.
    :raises WeightsError: when a field is absent, of another type, or of an unknown format.
    """
    entry = parse_object('payload facts', text)
    if entry.get('format') != FORMAT:
        raise WeightsError(
            'payload format',
            FORMAT,
            repr(entry.get('format')),
            'use the release of laecips that made it',
        )
    texts = {name: entry.get(name) for name in _TEXT_FIELDS}
    for name, value in texts.items():
        _check(f'payload {name}', 'a text', value, isinstance(value, str))
    _check('payload encoding', ENCODING, texts['encoding'], texts['encoding'] == ENCODING)
    digest = str(texts['tensors_sha256'])
    good = _SHA256.fullmatch(digest) is not None
    _check('payload tensors_sha256', '64 hex digits', digest, good)
    notes = entry.get('notes')
    good = isinstance(notes, dict) and all(isinstance(note, str) for note in notes.values())
    _check('payload notes', 'texts by name', notes, good)
    catalogue = _parse_catalogue(entry.get('catalogue'))
    return PayloadFacts(
        model=str(texts['model']),
        parent=str(texts['parent']),
        catalogue=catalogue,
        encoding=ENCODING,
        notes=dict(notes or {}),
        tensors_sha256=digest,
    )


def parse_object(what: str, text: str) -> dict[str, Any]:
    """
    Read one JSON object from untrusted text.

    :param what: the text's name in errors.
    :param text: the JSON text.
    :raises WeightsError: when it is anything else.
    """
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightsError(what, 'a JSON object', repr(error)) from error
    if not isinstance(entry, dict):
        raise WeightsError(what, 'a JSON object', type(entry).__name__)
    return entry


def _parse_catalogue(entry: Any) -> ClassCatalogue:
    expected = 'names and RGB triples'
    entry = entry if isinstance(entry, Mapping) else {}
    names, colours = entry.get('names'), entry.get('colours')
    good = isinstance(names, list) and all(isinstance(name, str) for name in names)
    _check('payload catalogue', expected, names, good)
    good = isinstance(colours, list) and all(
        isinstance(colour, list) and all(type(value) is int for value in colour)
        for colour in colours
    )
    _check('payload catalogue', expected, colours, good)
    try:
        return ClassCatalogue(tuple(names), tuple(map(tuple, colours)))
    except DataSetError as error:
        raise WeightsError('payload catalogue', expected, error) from error


def _check(what: str, expected: str, got: object, good: bool) -> None:
    if not good:
        shown = repr(got)
        raise WeightsError(what, expected, shown if len(shown) < 100 else f'{shown[:100]}…')
