"""A part of a page of the documentation that is written from the code."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
import sys


@dataclass(frozen=True)
class GeneratedPart:
    """
    What stands between two marks of a page.

    :param begin: the first mark, a line with its end.
    :param end: the second one.
    :param lines: gives the text between them.
    """

    begin: str
    end: str
    lines: Callable[[], Iterable[str]]

    def written_into(self, page: str) -> str:
        """
        Put the text between the marks.

        :param page: Markdown with both marks.
        :returns: the page; all else is as it was.
        :raises LookupError: when it lacks a mark.
        """
        before, first, rest = page.partition(self.begin)
        _, second, after = rest.partition(self.end)
        if not first or not second:
            raise LookupError(f'page: expected {self.begin!r}, then {self.end!r}, got not both')
        return f'{before}{first}{"".join(self.lines())}{second}{after}'

    def rewrite(self) -> None:
        """Write the text into the page that the command line names."""
        (name,) = sys.argv[1:]
        path = Path(name)
        path.write_text(self.written_into(path.read_text(encoding='utf-8')), encoding='utf-8')
