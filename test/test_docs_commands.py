"""Commands of the documentation are run here, or marked with what they need and checked."""

from __future__ import annotations

import ast
from collections.abc import Callable
from importlib.util import find_spec
from itertools import groupby
from itertools import pairwise
from pathlib import Path
import re

from docs_commands import Command
from docs_commands import fenced
from docs_commands import inline
from docs_commands import NEEDS
from docs_commands import PAGES
from docs_commands import ROOT
from docs_commands import split
import pytest
import yaml

from laecips_bringup import cli
from laecips_bringup.parameter_page import changes
from laecips_bringup.parameter_page import NODES
from laecips_core.errors import ConfigError
from laecips_core.setting import check_value
from laecips_core.setting import settings_of

FENCED = [command for page in PAGES for command in fenced(page)]
INLINE = [command for page in PAGES for command in inline(page)]
# Words that make a command of the documentation small; the last of two equal options counts.
SMALLER = {'bag': ('--frames', '2'), 'replay': ('--frames', '2')}
SETTINGS = {
    node: {name: (type(value), fact) for name, value, fact in settings_of(config)}
    for node, config in NODES.items()
}
AT_RUN_TIME = changes(SETTINGS['edge']['miner.threshold'][1])


def check_laecips(words: list[str]) -> None:
    arguments = cli.parser_for(words).parse_args(words)
    for side in ('edge', 'cloud'):
        for text in getattr(arguments, side, None) or ():
            name = text if isinstance(text, str) else text[0]
            assert name.partition('=')[0] in SETTINGS[side]


def check_make(words: list[str]) -> None:
    targets = re.findall(r'^([a-z]+):', (ROOT / 'Makefile').read_text(), re.MULTILINE)
    assert words[0] in targets
    assert all('=' in word for word in words[1:])


def check_ros2(words: list[str]) -> None:
    checks = {'launch': check_launch, 'param': check_parameter, 'run': check_run}
    if words[0] in checks:
        checks[words[0]](words[1:])


def check_launch(words: list[str]) -> None:
    package, file, *arguments = words
    assert package == 'laecips_bringup'
    names = {argument.partition(':=')[0] for argument in arguments}
    assert names <= launch_arguments(ROOT / 'launch' / file)


def launch_arguments(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        match node:
            case ast.Assign(targets=[ast.Name(id='ARGUMENTS')], value=value):
                names |= set(ast.literal_eval(value))
            case ast.Call(func=ast.Name(id='DeclareLaunchArgument'), args=[name, *_]):
                names.add(ast.literal_eval(name))
    return names


def check_parameter(words: list[str]) -> None:
    verb, node, name, *value = words
    settings = SETTINGS[node.rpartition('/')[2]]
    if name == 'NAME':
        return
    kind, fact = settings[name]
    if verb == 'set':
        assert changes(fact) == AT_RUN_TIME
        check_value(name, yaml.safe_load(value[0]), kind, fact)


def check_run(words: list[str]) -> None:
    package, executable, *rest = words
    text = (ROOT / 'src' / package / 'setup.py').read_text(encoding='utf-8')
    assert f'{executable} = {package}.' in text
    settings = SETTINGS[executable.removesuffix('_node')]
    given = [word for option, word in pairwise(rest) if option == '-p']
    assert {word.partition(':=')[0] for word in given} <= set(settings)


def check_python(words: list[str]) -> None:
    if words[0] == '-m':
        assert find_spec(words[1])
    else:
        assert (ROOT / words[0]).is_file()


def check_pip(words: list[str]) -> None:
    assert words[0] == 'install'
    paths = [word for word in words[1:] if word.startswith('./')]
    assert all((ROOT / path / 'pyproject.toml').is_file() for path in paths)


def check_source(words: list[str]) -> None:
    (file,) = words
    assert file.endswith('setup.bash') or (ROOT / file).is_file()


CHECKS: dict[str, Callable[[list[str]], None]] = {
    'laecips': check_laecips,
    'make': check_make,
    'ros2': check_ros2,
    'python': check_python,
    'pip': check_pip,
    'source': check_source,
}
# What is checked above and needs no run: make runs these tests, and env.sh made their shell.
NOT_RUN = frozenset({'make', 'source'})


def run_here(command: Command) -> None:
    assert command.words[0] == 'laecips', f'{command}: mark it with <!-- needs: … -->'
    words = [*command.words[1:], *SMALLER.get(command.words[1], ())]
    if words == ['--help']:
        with pytest.raises(SystemExit, match='0'):
            cli.main(words)
        return
    assert cli.main(words) == 0, command


# test/system/test_bags_page.py runs this page and looks at what comes out.
RUN_ELSEWHERE = 'docs/bags.md'
UNMARKED = [
    command
    for command in FENCED
    if not command.needs and command.words[0] not in NOT_RUN and command.page != RUN_ELSEWHERE
]


@pytest.mark.parametrize(
    'commands',
    [pytest.param(list(own), id=page) for page, own in groupby(UNMARKED, lambda c: c.page)],
)
def test_unmarked_commands_of_a_page_run_in_order(
    commands: list[Command], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in commands:
        run_here(command)


@pytest.mark.parametrize('command', FENCED, ids=str)
def test_command_in_a_block_is_one_that_exists(command: Command) -> None:
    first, *words = command.words
    if first in CHECKS and words != ['--help']:
        CHECKS[first](words)


@pytest.mark.parametrize('needs', sorted({c.needs for c in FENCED} - {''}))
def test_mark_is_a_known_one(needs: str) -> None:
    assert needs in NEEDS


@pytest.mark.parametrize('command', [c for c in INLINE if c.words[0] != 'laecips'], ids=str)
def test_command_in_the_text_is_one_that_exists(command: Command) -> None:
    first, *words = command.words
    CHECKS[first](words)


@pytest.mark.parametrize('command', [c for c in INLINE if c.words[0] == 'laecips'], ids=str)
def test_laecips_in_the_text_has_a_command_and_options_that_exist(command: Command) -> None:
    name, *words = command.words[1:]
    if name == 'COMMAND':
        return
    page = (ROOT / 'docs' / 'commands.md').read_text(encoding='utf-8')
    section = page.partition(f'\n## laecips {name}\n')[2].partition('\n## ')[0]
    assert section
    options = {word for word in words if word.startswith('--')} - {'--help'}
    assert all(f'`{option}`' in section for option in options)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_shell_block_is_indented_where_it_would_not_be_read(page: Path) -> None:
    text = page.read_text(encoding='utf-8')
    assert not re.findall(r'^[ >]+(?:```|~~~)(?:bash|sh|shell|console)', text, re.MULTILINE)


def test_every_line_of_a_block_is_read() -> None:
    text = "A=1 one --x 'a b' # why\ntwo \\\n  y && three; B=2\n"
    assert list(split(text)) == [('one', '--x', 'a b'), ('two', 'y'), ('three',)]


@pytest.mark.parametrize(
    'words',
    [
        ('make', 'dance'),
        ('ros2', 'launch', 'laecips_bringup', 'edge.launch.py', 'colour:=red'),
        ('ros2', 'param', 'set', '/edge', 'miner.threshold', '2.0'),
        ('ros2', 'param', 'set', '/edge', 'model.name', 'rfnet'),
        ('ros2', 'run', 'laecips_edge', 'node'),
        ('laecips', 'replay', '--edge', 'miner.colour=red'),
        ('laecips', 'demo', '--colour', 'red'),
        ('python', 'test/gone.py'),
        ('source', 'gone.sh'),
    ],
)
def test_wrong_command_is_found(words: tuple[str, ...]) -> None:
    with pytest.raises((AssertionError, ConfigError, KeyError, SystemExit)):
        CHECKS[words[0]](list(words[1:]))
