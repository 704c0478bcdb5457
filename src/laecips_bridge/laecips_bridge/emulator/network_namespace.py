"""
Network namespaces that bear the name of the process that made them.

The name ends with the process's id and start time, so that what a killed process left behind is
known from what a running one uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
import itertools
import os
from pathlib import Path
import signal
import subprocess

from laecips_bridge.emulator.errors import EmulatorError

_PREFIX = 'laecips'
_COMMAND_S = 10.0
_START_FIELD = 21
_numbers = itertools.count()


def command_in(namespace: str, command: Sequence[str]) -> list[str]:
    """
    Give the command line that runs a command inside a namespace.

    The process is the command itself, with the id that was started; only its network differs.
    Shared memory does not stop at a network namespace: switch it off in DDS and Zenoh, or they
    go around the link.

    :param namespace: its name.
    :param command: program and arguments.
    """
    return ['ip', 'netns', 'exec', namespace, *command]


def ip(*arguments: str, lines: str = '') -> str:
    """
    Run iproute2's ``ip``.

    :param arguments: of the command.
    :param lines: its input, for ``-batch -``.
    :returns: its output.
    :raises EmulatorError: when it fails.
    """
    command = ['ip', *arguments]
    try:
        done = subprocess.run(
            command, input=lines, capture_output=True, text=True, timeout=_COMMAND_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmulatorError(' '.join(command), 'success', error, 'see that ip works') from error
    if done.returncode != 0:
        got = done.stderr.strip() or f'exit status {done.returncode}'
        raise EmulatorError(' '.join(command), 'success', got, 'see that this is root on Linux')
    return done.stdout


def make_namespace(role: str) -> str:
    """
    Make a namespace of this process.

    :param role: first part of what tells it from the process's other ones.
    :returns: its name.
    :raises EmulatorError: when it cannot be made.
    """
    pid = os.getpid()
    name = f'{_PREFIX}-{role}-{next(_numbers)}-{pid}-{_start_ticks(pid)}'
    ip('netns', 'add', name)
    return name


def remove_namespace(name: str) -> None:
    """
    Kill the processes inside and remove the namespace.

    :param name: of one that may be gone already.
    :raises EmulatorError: when it cannot be removed.
    """
    if name not in _names():
        return
    for pid in ip('netns', 'pids', name).split():
        if int(pid) != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    try:
        ip('netns', 'delete', name)
    except EmulatorError:
        # Another process may have found the same leftover.
        if name in _names():
            raise


def remove_leftovers() -> list[str]:
    """
    Remove the namespaces whose process was killed before it could.

    :returns: their names.
    :raises EmulatorError: when one cannot be removed.
    """
    names = [name for name in _names() if _is_leftover(name)]
    for name in names:
        remove_namespace(name)
    return names


def _names() -> list[str]:
    # A line may go on with '(id: 0)'.
    return [line.split()[0] for line in ip('netns', 'list').splitlines() if line]


def _is_leftover(name: str) -> bool:
    match name.split('-'):
        case [prefix, _, _, pid, start] if prefix == _PREFIX and pid.isdigit() and start.isdigit():
            return _start_ticks(int(pid)) != int(start)
    return False


def _start_ticks(pid: int) -> int:
    """Give when a process started, in clock ticks since boot; 0: it does not run."""
    try:
        stat = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8', errors='replace')
    except OSError:
        return 0
    # The second field, the program's name in parentheses, may hold spaces.
    return int(stat.rpartition(')')[2].split()[_START_FIELD - 2])
