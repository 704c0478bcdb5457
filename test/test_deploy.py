"""What can be held of deploy/ without Docker, a Jetson or a robot."""

from __future__ import annotations

from configparser import ConfigParser
import json
from pathlib import Path
import re
import shutil
import subprocess

import pytest

from laecips_bringup.launch_page import arguments_of

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / 'deploy'
DOCKERFILES = sorted(DEPLOY.glob('Dockerfile.*'))
UNIT = DEPLOY / 'laecips-edge.service'
ENVIRONMENT = DEPLOY / 'edge.env'


def instructions(path: Path, name: str) -> list[str]:
    """Give what follows each instruction of a name, with continued lines joined."""
    text = path.read_text(encoding='utf-8').replace('\\\n', ' ')
    return re.findall(rf'^{name} (.*)$', text, re.MULTILINE)


def unit() -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT, encoding='utf-8')
    return parser


def variables(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding='utf-8').splitlines()
    return dict(line.split('=', 1) for line in lines if line and not line.startswith('#'))


def make_targets() -> set[str]:
    text = (ROOT / 'Makefile').read_text(encoding='utf-8')
    return set(re.findall(r'^([a-z]+):', text, re.MULTILINE))


def launch_file_in(words: list[str]) -> Path:
    """Find the launch file that a command starts."""
    where = words.index('launch')
    assert words[where - 1 : where + 2] == ['ros2', 'launch', 'laecips_bringup']
    return ROOT / 'launch' / words[where + 2]


def test_there_is_a_file_for_jetson_and_one_for_servers() -> None:
    assert [path.name for path in DOCKERFILES] == ['Dockerfile.cuda', 'Dockerfile.l4t']


@pytest.mark.parametrize('path', DOCKERFILES, ids=lambda path: path.name)
def test_what_is_copied_exists(path: Path) -> None:
    sources = [word for line in instructions(path, 'COPY') for word in line.split()[:-1]]
    assert {'src', 'launch', 'config', 'requirements', 'tools', 'Makefile'} <= set(sources)
    assert [source for source in sources if not (ROOT / source).exists()] == []


@pytest.mark.parametrize('path', DOCKERFILES, ids=lambda path: path.name)
def test_what_is_made_is_a_target(path: Path) -> None:
    made = re.findall(r'make (\w+)$', '\n'.join(instructions(path, 'RUN')), re.MULTILINE)
    assert made == ['setup', 'build']
    assert set(made) <= make_targets()


@pytest.mark.parametrize('path', DOCKERFILES, ids=lambda path: path.name)
def test_what_is_started_is_a_launch_file(path: Path) -> None:
    (command,) = instructions(path, 'CMD')
    assert launch_file_in(json.loads(command)).exists()
    (entry,) = instructions(path, 'ENTRYPOINT')
    assert 'source tools/env.sh' in json.loads(entry)[2]


def test_unit_starts_again_but_not_for_ever() -> None:
    parsed = unit()
    assert parsed['Service']['Restart'] == 'on-failure'
    assert int(parsed['Unit']['StartLimitBurst']) * int(parsed['Service']['RestartSec']) < int(
        parsed['Unit']['StartLimitIntervalSec']
    )
    assert parsed['Service']['KillSignal'] == 'SIGINT'
    assert parsed['Install']['WantedBy'] == 'multi-user.target'


def test_unit_gives_arguments_that_the_launch_file_has() -> None:
    settings = variables(ENVIRONMENT)
    command = unit()['Service']['ExecStart'].partition("'")[2].rstrip("'")
    words = re.sub(r'\$\{(\w+)\}', lambda found: settings[found[1]], command).split()
    path = launch_file_in(words)
    given = dict(word.split(':=') for word in words if ':=' in word)
    known = {one.name: one for one in arguments_of(path)}
    assert given['respawn_limit'] == '0'
    assert [name for name in given if name not in known] == []
    assert given['robot'] in known['robot'].choices


def test_environment_file_of_the_unit_is_the_one_that_is_installed() -> None:
    place = unit()['Service']['EnvironmentFile']
    text = (DEPLOY / 'README.md').read_text(encoding='utf-8')
    assert f'deploy/{ENVIRONMENT.name} {place}' in text


@pytest.mark.skipif(shutil.which('systemd-analyze') is None, reason='there is no systemd here')
def test_systemd_accepts_the_unit() -> None:
    done = subprocess.run(
        ['systemd-analyze', 'verify', '--man=no', str(UNIT)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if UNIT.name in line]) == (
        0,
        [],
    )
