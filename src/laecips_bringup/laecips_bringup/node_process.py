"""A node as a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
import ctypes
from dataclasses import dataclass
from dataclasses import field
import os
from pathlib import Path
import signal
import subprocess
import sys

import yaml

from laecips_core.errors import LaecipsError

_TAIL_LINES = 20
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class NodeDiedError(LaecipsError):
    """A node ended that should have run on."""

    code = 'node_died'

    def __init__(self, name: str, status: int, log: Path) -> None:
        """
        Name the node and show the end of what it wrote.

        :param name: of the node.
        :param status: exit status; negative: the signal that ended it.
        :param log: file with its output.
        """
        self.name, self.status, self.log = name, status, log
        how = f'exit status {status}' if status >= 0 else f'signal {-status}'
        super().__init__(
            f'node {name}: expected it to run, got {how}; see {log}, which ends with\n{_tail(log)}'
        )


@dataclass(frozen=True)
class NodeProgram:
    """
    A node to start.

    :param name: of the node; names its files too.
    :param module: Python module, run with ``python -m``.
    :param parameters: ROS parameters by dotted name; those left out keep their defaults.
    :param prefix: words before the command, such as those that enter a network namespace.
    :param variables: of its environment, beside those of all nodes.
    :param ros_arguments: words after ``--ros-args``, such as remappings.
    """

    name: str
    module: str
    parameters: Mapping[str, object]
    prefix: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    ros_arguments: Sequence[str] = ()


class NodeProcess:
    """A node that runs in a process group of its own."""

    def __init__(self, program: NodeProgram, folder: Path, environment: Mapping[str, str]) -> None:
        """
        Start it.

        :param program: what to start.
        :param folder: gets its parameter file and its log; must exist.
        :param environment: variables of the process.
        """
        self.name = program.name
        self.log = folder / f'{program.name}.log'
        params = folder / f'{program.name}.yaml'
        params.write_text(params_file_text(program.parameters), encoding='utf-8')
        command = [
            *program.prefix,
            sys.executable,
            '-m',
            program.module,
            '--ros-args',
            *program.ros_arguments,
            '--params-file',
            str(params),
        ]
        parent = os.getpid()
        with self.log.open('wb') as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**environment, **program.variables},
                start_new_session=True,
                preexec_fn=lambda: _end_with(parent),
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended; its process id stays taken until :meth:`kill`."""
        # Not Popen.poll: that frees the id, and a later signal could then hit a stranger.
        if self._process.returncode is not None:
            return True
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, flags) is not None

    def check(self) -> None:
        """
        Make sure that it runs.

        :raises NodeDiedError: when it has ended.
        """
        if self.ended:
            raise NodeDiedError(self.name, self.kill(), self.log)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to its whole group, unless it has ended."""
        if not self.ended:
            os.killpg(self._process.pid, number)

    def kill(self) -> int:
        """
        End it and everything it started, at once.

        :returns: exit status; negative: the signal that ended it.
        """
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()


def params_file_text(parameters: Mapping[str, object]) -> str:
    """
    Give parameters in the form of a ROS parameter file, for any node.

    :param parameters: values by dotted name.
    """
    return yaml.safe_dump({'/**': {'ros__parameters': dict(parameters)}})


def _end_with(parent: int) -> None:
    """Run in the child before its program: it is killed when the parent is."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding='utf-8', errors='replace').splitlines()
    except OSError as error:
        return str(error)
    return '\n'.join(lines[-_TAIL_LINES:]) or '(it wrote nothing)'
