from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
import sys
from types import ModuleType

import pytest

from laecips_bringup import cli
from laecips_core.errors import ConfigError


class Command(ModuleType):
    """Stands for the module of ``laecips bench``."""

    def __init__(self, outcome: int | BaseException) -> None:
        super().__init__('laecips_bringup.bench_command')
        self.outcome = outcome
        self.words: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument('word')

    def run(self, arguments: Namespace) -> int:
        self.words.append(arguments.word)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


def install(monkeypatch: pytest.MonkeyPatch, outcome: int | BaseException) -> Command:
    command = Command(outcome)
    monkeypatch.setitem(sys.modules, command.__name__, command)
    return command


@pytest.mark.parametrize('status', [0, 1])
def test_command_gets_its_arguments_and_gives_the_status(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    command = install(monkeypatch, status)
    assert cli.main(['bench', 'fusion']) == status
    assert command.words == ['fusion']


def test_error_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, ConfigError('rate', -1, 'float in [0, inf]'))
    assert cli.main(['bench', 'x']) == 2
    assert capsys.readouterr().err == 'laecips: rate: expected float in [0, inf], got -1\n'


def test_interrupt_is_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, KeyboardInterrupt())
    assert cli.main(['bench', 'x']) == 130


def test_unexpected_error_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        cli.main(['bench', 'x'])


def test_words_of_the_process_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    command = install(monkeypatch, 0)
    monkeypatch.setattr(sys, 'argv', ['laecips', 'bench', 'patrol'])
    assert cli.main() == 0
    assert command.words == ['patrol']


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(['--help'])
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert all(name in text for name in cli.COMMANDS)


def test_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(['dance'])
    assert end.value.code == 2
    assert "invalid choice: 'dance'" in capsys.readouterr().err
