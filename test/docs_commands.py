"""The commands that the documentation tells people to type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
import shlex

ROOT = Path(__file__).resolve().parents[1]
PAGES = (ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md')))
NEEDS = {
    'ros2': 'an installed ROS 2, which the wheels are not',
    'jetson': 'a Jetson',
    'robot': 'a robot to copy to',
    'data': 'annotated frames, weights or a bag of your own',
    'network': 'models from the network',
    'pip': 'a package installed into the environment',
    'time': 'minutes to hours',
}
"""What a command that is not run may need, as <!-- needs: WORD --> before its block says."""

_FENCE = re.compile(
    r'^(?:<!-- needs: (?P<needs>[^\n]*?) -->\n)?```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
_SHELLS = frozenset({'bash', 'sh', 'shell', 'console', 'zsh'})
_INLINE = re.compile(r'`((?:laecips|make|ros2) [^`\n]+)`')
_COMMENT = re.compile(r'(?:^|(?<=\s))#.*$', re.MULTILINE)
_ASSIGNMENT = re.compile(r'\w+\+?=')
_ENDS = frozenset(';&|\n()')


@dataclass(frozen=True)
class Command:
    """
    One command as a page shows it.

    :param page: path of the page, relative to the repository.
    :param words: its words, without assignments before it.
    :param needs: what it needs that a test does not have; empty: nothing.
    """

    page: str
    words: tuple[str, ...]
    needs: str = ''

    def __str__(self) -> str:
        return f'{self.page}: {shlex.join(self.words)}'


def fenced(path: Path) -> Iterator[Command]:
    """List the commands in the shell blocks of a page."""
    for block in _FENCE.finditer(path.read_text(encoding='utf-8')):
        if block['kind'].partition(' ')[0] in _SHELLS:
            for words in split(block['text']):
                yield Command(str(path.relative_to(ROOT)), words, block['needs'] or '')


def inline(path: Path) -> Iterator[Command]:
    """List the commands in the running text of a page that begin like one of ours."""
    text = _FENCE.sub('', path.read_text(encoding='utf-8'))
    for found in _INLINE.finditer(text):
        for words in split(found[1]):
            yield Command(str(path.relative_to(ROOT)), words)


def split(text: str) -> Iterator[tuple[str, ...]]:
    """
    Split shell text into simple commands.

    :param text: lines of a shell; a comment begins with # after a space.
    :returns: words of each command, with neither assignments before them nor arrays among them.
    """
    joined = _COMMENT.sub('', text).replace('\\\n', ' ')
    lexer = shlex.shlex(joined, posix=True, punctuation_chars=''.join(sorted(_ENDS)))
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = ' \t', True, ''
    words: list[str] = []
    for word in (*lexer, '\n'):
        if set(word) <= _ENDS:
            if words:
                yield tuple(words)
            words = []
        elif not word.startswith('${') and (words or not _ASSIGNMENT.match(word)):
            words.append(word)
