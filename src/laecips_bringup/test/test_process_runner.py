from __future__ import annotations

import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest
import yaml

from laecips_bringup.node_process import NodeDiedError
from laecips_bringup.node_process import NodeProgram
from laecips_bringup.node_process import params_file_text
from laecips_bringup.process_runner import NodeProcesses

OBEDIENT = """
import signal, sys
print('argv', sys.argv[1:], flush=True)
try:
    signal.pause()
except KeyboardInterrupt:
    print('interrupted', flush=True)
"""
DEAF = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
while True:
    signal.pause()
"""
PARENT_OF_A_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)'])
print('ready', child.pid, flush=True)
child.wait()
"""
BROKEN = """
import sys
print('no such camera', file=sys.stderr)
sys.exit(3)
"""
PATIENCE_S = 20.0


def node(folder: Path, name: str, source: str) -> NodeProgram:
    (folder / f'program_{name}.py').write_text(source, encoding='utf-8')
    return NodeProgram(name, f'program_{name}', {'miner.threshold': 0.25})


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, 'PYTHONPATH': f'{folder}:{os.environ.get("PYTHONPATH", "")}'}


def wait_for_text(log: Path, text: str) -> str:
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        written = log.read_text(encoding='utf-8')
        if text in written:
            return written
        time.sleep(0.01)
    raise AssertionError(f'{text!r} did not come in {log}: {written!r}')


def check_for_long(nodes: NodeProcesses) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        nodes.check()


def runs(pid: int) -> bool:
    try:
        state = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rsplit(')', 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != 'Z'


def wait_until_gone(pid: int) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while runs(pid):
        assert time.monotonic() < deadline_s, f'process {pid} still runs'
        time.sleep(0.01)


def test_node_gets_its_parameters_and_ends_on_interrupt(tmp_path: Path) -> None:
    program = node(tmp_path, 'obedient', OBEDIENT)
    with NodeProcesses([program], tmp_path / 'logs', environment(tmp_path)) as nodes:
        (log,) = nodes.logs
        wait_for_text(log, 'argv')
        nodes.check()
    written = log.read_text(encoding='utf-8')
    params = tmp_path / 'logs' / 'obedient.yaml'
    assert f"argv ['--ros-args', '--params-file', '{params}']" in written
    assert 'interrupted' in written
    assert yaml.safe_load(params.read_text()) == {
        '/**': {'ros__parameters': {'miner.threshold': 0.25}}
    }


def test_node_that_died_is_named_with_status_and_last_words(tmp_path: Path) -> None:
    program = node(tmp_path, 'broken', BROKEN)
    with NodeProcesses([program], tmp_path, environment(tmp_path)) as nodes:
        wait_for_text(nodes.logs[0], 'no such camera')
        with pytest.raises(NodeDiedError, match=r'(?s)exit status 3.*no such camera') as caught:
            check_for_long(nodes)
    assert caught.value.status == 3


def test_node_that_ignores_signals_is_killed(tmp_path: Path) -> None:
    program = node(tmp_path, 'deaf', DEAF)
    signals = ((signal.SIGINT, 0.1), (signal.SIGTERM, 0.1))
    with NodeProcesses([program], tmp_path, environment(tmp_path), signals) as nodes:
        wait_for_text(nodes.logs[0], 'ready')
        pid = nodes._nodes[0]._process.pid
    assert not runs(pid)


def test_children_of_a_node_end_with_it_when_the_block_raises(tmp_path: Path) -> None:
    program = node(tmp_path, 'parent', PARENT_OF_A_CHILD)
    children: list[int] = []

    def fail(nodes: NodeProcesses) -> None:
        with nodes:
            written = wait_for_text(nodes.logs[0], 'ready')
            children.append(int(written.split('ready')[1].split()[0]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(NodeProcesses([program], tmp_path, environment(tmp_path)))
    wait_until_gone(children[0])


def test_first_node_ends_when_the_second_cannot_be_started(tmp_path: Path) -> None:
    good = node(tmp_path, 'obedient', OBEDIENT)
    bad = NodeProgram('folder/that/is/not/there', 'program_obedient', {})
    nodes = NodeProcesses([good, bad], tmp_path, environment(tmp_path))
    with pytest.raises(FileNotFoundError):
        nodes.__enter__()
    assert nodes.logs == ()


def test_node_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    node(tmp_path, 'deaf', DEAF)
    parent = f"""
import os, signal
from pathlib import Path
from laecips_bringup.node_process import NodeProgram
from laecips_bringup.process_runner import NodeProcesses
nodes = NodeProcesses([NodeProgram('deaf', 'program_deaf', {{}})], Path({str(tmp_path)!r}))
with nodes:
    print(nodes._nodes[0]._process.pid, flush=True)
    signal.pause()
"""
    process = subprocess.Popen(
        [sys.executable, '-c', parent], stdout=subprocess.PIPE, env=environment(tmp_path)
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    assert runs(pid)
    process.kill()
    process.communicate()
    wait_until_gone(pid)


def test_parameter_file_keeps_types() -> None:
    parameters = {'a.b': 1e-8, 'c': '1', 'd': True, 'e': 3, 'f': ''}
    (entry,) = yaml.safe_load(params_file_text(parameters)).values()
    assert entry == {'ros__parameters': parameters}
