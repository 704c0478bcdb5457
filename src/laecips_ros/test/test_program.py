"""Tests of the life of a node's process, in real processes with real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

TIMEOUT_S = 30.0
DOMAIN_ID = str(1 + os.getpid() % 100)

HEAD = """
import sys
from laecips_core.errors import ConfigError
from rclpy.node import Node
from laecips_ros.program import run_node

class Good(Node):
    def __init__(self):
        super().__init__('good')
        self.create_timer(0.01, self.tick)
    def tick(self):
        print('ready', flush=True)
    def close(self):
        print('closed', flush=True)
"""


def start(body: str, *args: str) -> subprocess.Popen[str]:
    """Run a program of a head and a body."""
    return subprocess.Popen(
        [sys.executable, '-c', HEAD + body, *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            'ROS_DOMAIN_ID': DOMAIN_ID,
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        },
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the end, or end it."""
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
    return process.returncode, out, err


@pytest.mark.parametrize('threads', [1, 2])
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_a_node_cleanly(number: signal.Signals, threads: int) -> None:
    process = start(f'sys.exit(run_node(Good, threads={threads}))')
    assert process.stdout is not None
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(number)
    status, out, err = finish(process)
    assert (status, err) == (0, '')
    assert out.splitlines()[-1] == 'closed'
    assert out.count('closed') == 1


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_during_start_is_no_error(number: signal.Signals) -> None:
    # Another thread may get the signal, after the end of stdin is seen: it starts for ever.
    body = """
import time
class Slow(Good):
    def __init__(self):
        print('ready', flush=True)
        while True:
            time.sleep(0.01)
sys.exit(run_node(Slow))
"""
    process = start(body)
    assert process.stdout is not None
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(number)
    status, _, err = finish(process)
    assert (status, err) == (0, '')


@pytest.mark.parametrize('threads', [1, 2])
def test_callback_in_progress_is_finished_before_closing(threads: int) -> None:
    body = f"""
from std_msgs.msg import Empty
class Busy(Good):
    def tick(self):
        publisher = self.create_publisher(Empty, 'topic', 1)
        print('ready', flush=True)
        sys.stdin.readline()
        publisher.publish(Empty())
        print('published', flush=True)
    def close(self):
        self.create_publisher(Empty, 'topic', 1).publish(Empty())
        super().close()
sys.exit(run_node(Busy, threads={threads}))
"""
    process = start(body)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    assert (status, err) == (0, '')
    assert out.splitlines()[-2:] == ['published', 'closed']


@pytest.mark.parametrize('threads', [1, 2])
def test_a_callback_that_does_not_end_is_cut_off(threads: int) -> None:
    body = f"""
import time
from laecips_ros import program
program._PATIENCE_S = 0.2
class Endless(Good):
    def tick(self):
        print('ready', flush=True)
        while True:
            time.sleep(0.01)
sys.exit(run_node(Endless, threads={threads}))
"""
    process = start(body)
    assert process.stdout is not None
    assert process.stdout.readline() == 'ready\n'
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    assert (status, out) == (0, '')
    assert 'a callback does not end: the process ends without it' in err


def test_error_at_start_is_one_line() -> None:
    body = """
def factory():
    raise ConfigError('miner.threshold', 2.0, 'float in [0, 1]')
sys.exit(run_node(factory))
"""
    status, _, err = finish(start(body))
    assert status == 2
    (line,) = err.splitlines()
    assert line.startswith('[FATAL]')
    assert line.endswith('miner.threshold: expected float in [0, 1], got 2.0')


def test_missing_parameter_file_is_named() -> None:
    args = ('--ros-args', '--params-file', '/missing.yaml')
    status, _, err = finish(start('sys.exit(run_node(Good))', *args))
    assert status == 2
    assert '[FATAL]' in err
    assert '/missing.yaml' in err
    assert 'Traceback' not in err


@pytest.mark.parametrize('threads', [1, 2])
def test_bug_in_a_callback_shows_its_traceback_after_closing(threads: int) -> None:
    body = """
class Bad(Good):
    def tick(self):
        raise ZeroDivisionError('a bug')
"""
    status, out, err = finish(start(body + f'sys.exit(run_node(Bad, threads={threads}))'))
    assert status == 1
    assert out == 'closed\n'
    assert err.endswith('ZeroDivisionError: a bug\n')


def test_bug_at_start_shows_its_traceback() -> None:
    status, _, err = finish(start('sys.exit(run_node(lambda: 1 / 0))'))
    assert status == 1
    assert err.endswith('ZeroDivisionError: division by zero\n')


def test_node_needs_no_close() -> None:
    body = """
class Plain(Node):
    def __init__(self):
        super().__init__('plain')
        self.create_timer(0.01, self.tick)
    def tick(self):
        raise SystemExit(7)
sys.exit(run_node(Plain))
"""
    assert finish(start(body))[0] == 7
