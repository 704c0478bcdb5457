"""Runs nodes as processes of their own, and leaves none behind."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import suppress
import ctypes
from dataclasses import dataclass
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from types import TracebackType

from laecips_core.errors import LaecipsError
import yaml

STOP_SIGNALS = ((signal.SIGINT, 10.0), (signal.SIGTERM, 5.0))
"""What a node is sent to end, and the seconds it then has; SIGKILL follows."""

_TAIL_LINES = 20
_POLL_S = 0.02
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
    """

    name: str
    module: str
    parameters: Mapping[str, object]


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
        command = [sys.executable, '-m', program.module, '--ros-args', '--params-file', params]
        parent = os.getpid()
        with self.log.open('wb') as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=lambda: _end_with(parent),
            )

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


class NodeProcesses:
    """Nodes that run while a ``with`` block does; every one has ended after it."""

    def __init__(
        self,
        programs: Sequence[NodeProgram],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        stop_signals: Sequence[tuple[signal.Signals, float]] = STOP_SIGNALS,
    ) -> None:
        """
        Start nothing yet.

        :param programs: what to start, in this order.
        :param folder: gets parameter files and logs; made when absent.
        :param environment: variables of the processes; None: those of this one.
        :param stop_signals: sent to end them, each with the seconds that they then have.
        """
        self._programs = programs
        self._folder = folder
        self._environment = dict(os.environ if environment is None else environment)
        self._environment['PYTHONUNBUFFERED'] = '1'
        self._stop_signals = stop_signals
        self._nodes: list[NodeProcess] = []

    def __enter__(self) -> NodeProcesses:
        """Start them all, or none."""
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            for program in self._programs:
                self._nodes.append(NodeProcess(program, self._folder, self._environment))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them all."""
        self.stop()

    @property
    def logs(self) -> tuple[Path, ...]:
        """Where each node writes its output."""
        return tuple(node.log for node in self._nodes)

    def check(self) -> None:
        """
        Make sure that all run.

        :raises NodeDiedError: for the first that has ended.
        """
        for node in self._nodes:
            node.check()

    def stop(self) -> None:
        """End them all: by signal, each with its grace, then by force."""
        try:
            for number, grace_s in self._stop_signals:
                for node in self._nodes:
                    node.send(number)
                if self._all_end(grace_s):
                    break
        finally:
            for node in self._nodes:
                node.kill()
            self._nodes = []

    def _all_end(self, grace_s: float) -> bool:
        deadline_s = time.monotonic() + grace_s
        while not all(node.ended for node in self._nodes):
            if time.monotonic() > deadline_s:
                return False
            time.sleep(_POLL_S)
        return True


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
