"""One line of the table of models, and its official file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ModelKind = Literal['edge model', 'mask generator', 'label source']

_HUB_FAMILIES = ('hf', 'hf-sam', 'sam3')
_LABEL_SOURCES = ('teacher:', 'mix:')


@dataclass(frozen=True)
class OfficialFile:
    """
    A checkpoint as its makers publish it.

    :param address: where it is downloaded from.
    :param size_bytes: its size; of torchvision's files to 0.5 KiB, as published.
    :param sha256: its SHA-256 in hex, or the first 8 digits where no more is published.
    """

    address: str
    size_bytes: int
    sha256: str

    @property
    def name(self) -> str:
        """Name that the file keeps on this machine."""
        return self.address.rpartition('/')[2]


@dataclass(frozen=True)
class Entry:
    """
    What can be chosen.

    :param name: as in ``model.name``, ``masks.name`` or ``labels.source``.
    :param kind: what it is.
    :param licence: of the weights; of the code where there are none; 'unknown' where the makers
        say nothing.
    :param parameters_million: 0 where it has none; None: not known.
    :param input_px: sizes that the weights were made for, in words.
    :param classes: what the weights tell apart, in words; empty: nothing.
    :param file: the official file; None where there is none.
    :param note: what a user must know before.
    """

    name: str
    kind: ModelKind
    licence: str
    parameters_million: float | None
    input_px: str
    classes: str = ''
    file: OfficialFile | None = None
    note: str = ''


def hub_repository(name: str) -> str:
    """
    Give the Hugging Face repository that a model's name means.

    :param name: such as ``teacher:hf:OWNER/NAME``.
    :returns: OWNER/NAME; empty where the name means none, as with a folder.
    """
    for source in _LABEL_SOURCES:
        name = name.removeprefix(source)
    family, _, repository = name.partition(':')
    owner, slash, rest = repository.partition('/')
    plain = owner not in ('', '.', '..', '~') and rest != '' and '/' not in rest
    return repository if family in _HUB_FAMILIES and slash and plain else ''
