"""``laecips view`` as a user types it; with nodes and a browser: test/system/test_view.py."""

from __future__ import annotations

import socket

import pytest

from laecips_bringup import cli


def test_port_in_use_is_one_line_that_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert cli.main(['view', '--port', port]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f'port {port}' in line
    assert 'another port' in line


@pytest.mark.parametrize(
    ('words', 'told'),
    [
        (['--namespace', 'not a name'], 'not a name'),
        (['--frames-per-second', '0'], '--frames-per-second'),
        (['--host', 'http://robot'], '--host'),
    ],
)
def test_wrong_option_is_named(
    capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert cli.main(['view', '--port', '0', *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
