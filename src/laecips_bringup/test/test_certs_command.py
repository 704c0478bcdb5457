from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from datetime import datetime
from datetime import timedelta
from datetime import UTC
import io
from pathlib import Path

import pytest
from rich.console import Console

from laecips_bringup import certs_command
from laecips_bringup.certificate_list import Party
from laecips_bringup.certificate_list import warnings
from laecips_bringup.cli import main
from laecips_core.errors import ConfigError

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def parsed(*words: str) -> Namespace:
    parser = ArgumentParser()
    certs_command.add_arguments(parser)
    return parser.parse_args(words)


def say(*words: str, now: datetime = NOW) -> tuple[int, str]:
    """Run one action at a chosen time; give status and text."""
    out = io.StringIO()
    console = Console(file=out, soft_wrap=True, width=120)
    return certs_command.run_at(parsed(*words), now, console), out.getvalue()


@pytest.fixture
def fleet(tmp_path: Path) -> str:
    folder = str(tmp_path / 'fleet')
    say('init', folder)
    return folder


def test_init_names_what_it_made(tmp_path: Path) -> None:
    folder = tmp_path / 'fleet'
    assert say('init', str(folder)) == (
        0,
        f'made ca.key, ca.pem, release.key, release.pub in {folder}; keep this folder secret\n',
    )


def test_robot_and_server_name_the_folder_to_copy(fleet: str) -> None:
    robot = (0, f'robot spot until 2031-01-01: copy {fleet}/robots/spot to it\n')
    assert say('robot', fleet, 'spot') == robot
    server = (0, f'server spot until 2030-01-11: copy {fleet}/servers/spot to it\n')
    assert say('server', fleet, 'spot', '--host', 'localhost', '--days', '10') == server


def test_a_life_cut_short_by_the_ca_is_said(fleet: str) -> None:
    late = NOW + timedelta(days=3600)
    text = say('robot', fleet, 'spot', now=late)[1]
    assert text.startswith('robot spot until 2040-01-01, with its CA: copy ')


def test_show_lists_every_certificate(fleet: str) -> None:
    say('robot', fleet, 'spot', '--days', '40')
    say('server', fleet, 'hall', '--host', '192.0.2.7', '--host', 'hall.example')
    status, text = say('show', fleet)
    rows = [
        [cell.strip() for cell in line.strip('│').split('│')]
        for line in text.splitlines()
        if line.startswith('│')
    ]
    assert status == 0
    assert rows == [
        ['CA', 'CA', '', '2040-01-01 00:00', '3652'],
        ['spot', 'robot', '', '2030-02-10 00:00', '40'],
        ['hall', 'server', '192.0.2.7, hall.example', '2031-01-01 00:00', '365'],
    ]
    assert 'renew' not in text


def test_show_warns_of_what_ends_soon(fleet: str) -> None:
    say('robot', fleet, 'spot', '--days', '40')
    status, text = say('show', fleet, now=NOW + timedelta(days=10, seconds=1))
    assert status == 1
    assert text.endswith('│\n' + text.splitlines()[-2] + '\nrobot spot: 29 days left, renew it\n')


@pytest.mark.parametrize(
    ('left', 'lines'),
    [
        (timedelta(days=30), []),
        (timedelta(days=30, seconds=-1), ['robot spot: 29 days left, renew it']),
        (timedelta(seconds=1), ['robot spot: 0 days left, renew it']),
        (timedelta(), ['robot spot: expired, renew it']),
        (timedelta(days=-3), ['robot spot: expired, renew it']),
    ],
)
def test_a_warning_comes_below_thirty_days(left: timedelta, lines: list[str]) -> None:
    assert warnings([Party('spot', 'robot', (), NOW + left)], NOW) == lines


def test_a_server_needs_a_host(fleet: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parsed('server', fleet, 'hall')
    assert end.value.code == 2
    assert '--host' in capsys.readouterr().err


def test_an_action_is_needed() -> None:
    with pytest.raises(SystemExit):
        parsed()


def test_a_refusal_is_an_error(fleet: str) -> None:
    with pytest.raises(ConfigError, match='robot name'):
        say('robot', fleet, 'Spot')


def test_the_laecips_command_has_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / 'fleet')
    assert main(['certs', 'init', folder]) == 0
    assert main(['certs', 'robot', folder, 'demo']) == 0
    assert main(['certs', 'show', folder]) == 0
    assert main(['certs', 'init', folder]) == 2
    printed = capsys.readouterr()
    assert 'robot demo until' in printed.out
    assert printed.err.startswith('laecips: DIR: expected a folder without CA or release keys')
