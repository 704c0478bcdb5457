"""Parts that configuration names: ours from a table, others from entry points."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from importlib import import_module
from importlib.metadata import entry_points
from importlib.metadata import EntryPoint
from typing import Any
from typing import cast

from laecips_core.errors import PlugInError
from laecips_core.errors import UnknownNameError

Builder = Callable[..., Any]


@dataclass(frozen=True)
class Kind:
    """
    One kind of part.

    :param setting: name of the setting that chooses, for errors.
    :param table: our parts by name, each as ``MODULE:ATTRIBUTE``.
    :param group: entry-point group of other packages' parts; empty: none are taken.
    :param families: of our parts that are named ``FAMILY:NAME``, each as in the table.
    """

    setting: str
    table: Mapping[str, str]
    group: str = ''
    families: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Builder:
        """
        Import what builds a part; nothing else is imported.

        :param name: in our table, or of an entry point.
        :raises UnknownNameError: when there is none; it lists those that are.
        :raises PlugInError: when another package's part cannot be imported, is no callable, or two
            packages give one name.
        """
        if name in self.table:
            return imported(self.table[name])
        found = [point for point in self._points() if point.name == name]
        if not found:
            raise UnknownNameError(self.setting, name, self.names())
        return _load(found)

    def names(self) -> list[str]:
        """List every name, each once; families as ``FAMILY:NAME``."""
        named = {*self.table} | {point.name for point in self._points()}
        return sorted(named) + [f'{family}:NAME' for family in self.families]

    def check(self, name: str) -> None:
        """
        Refuse a name that nothing has; nothing is imported.

        :param name: in our table, of an entry point, or of a family.
        :raises UnknownNameError: when there is none; it lists those that are.
        """
        family, _, rest = name.partition(':')
        if name not in self.names() and not (family in self.families and rest):
            raise UnknownNameError(self.setting, name, self.names())

    def split(self, name: str) -> tuple[Builder | None, str]:
        """
        Look for a family in ``FAMILY:NAME``.

        :param name: the whole name.
        :returns: what builds a part of the family and NAME; (None, name) when it names no family.
        :raises UnknownNameError: when NAME is empty.
        """
        family, colon, rest = name.partition(':')
        if family not in self.families or not colon:
            return None, name
        if not rest:
            raise UnknownNameError(self.setting, name, [f'{family}:NAME'])
        return imported(self.families[family]), rest

    def _points(self) -> tuple[EntryPoint, ...]:
        return tuple(entry_points(group=self.group)) if self.group else ()


def imported(reference: str) -> Builder:
    """
    Import one attribute.

    :param reference: as ``MODULE:ATTRIBUTE``.
    """
    module, _, attribute = reference.partition(':')
    return cast('Builder', getattr(import_module(module), attribute))


def _load(found: list[EntryPoint]) -> Builder:
    first, *others = found
    what = f'entry point {first.name} of {first.group}'
    if any(other.value != first.value for other in others):
        raise PlugInError(what, 'one package that gives it', ', '.join(p.value for p in found))
    try:
        part = first.load()
    except Exception as error:
        raise PlugInError(what, f'{first.value} to import', repr(error)) from error
    if not callable(part):
        raise PlugInError(what, 'a class or function', type(part).__name__)
    return cast('Builder', part)
