"""The outbox under kill -9 at any moment: what had returned stands, nothing is there twice."""

from __future__ import annotations

from pathlib import Path
import random
import signal
import sqlite3
import subprocess
import sys

import pytest

from laecips_bridge.outbox import Outbox
from laecips_ros.counters import Counters

# Says on each line what has just returned.
PROGRAM = """
from pathlib import Path
import random
import sys

from laecips_bridge.outbox import Outbox
from laecips_ros.counters import Counters

path, seed = Path(sys.argv[1]), int(sys.argv[2])
source = random.Random(seed)
outbox = Outbox(path, 10**9, Counters())
number = 0
while True:
    uid = f'{seed}/{number}'
    number += 1
    assert outbox.keep(uid, source.randbytes(source.randint(1, 60_000)), 'no_link')
    print('kept', uid, flush=True)
    kept = outbox.oldest()
    if source.random() < 0.3:
        outbox.sent(kept.frame_uid)
        print('sent', kept.frame_uid, flush=True)
    elif source.random() < 0.3:
        outbox.postpone(kept.frame_uid)
"""


def killed_after(
    path: Path, seed: int, n_lines: int, program: str = PROGRAM
) -> list[tuple[str, str]]:
    """Run the program, kill it after so many lines, and give every line it said."""
    child = subprocess.Popen(
        [sys.executable, '-c', program, str(path), str(seed)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        lines = [child.stdout.readline() for _ in range(n_lines)]
    finally:
        child.kill()
        lines += child.stdout.readlines()
        child.stdout.close()
        assert child.wait(timeout=30) == -signal.SIGKILL
    said = [line.split() for line in lines if line.endswith('\n')]
    return [(did, uid) for did, uid in said]


def drain(outbox: Outbox) -> list[str]:
    """Take everything out, and give the uids."""
    found = []
    while kept := outbox.oldest():
        assert kept.payload
        found.append(kept.frame_uid)
        outbox.sent(kept.frame_uid)
    return found


@pytest.mark.parametrize('seed', range(6))
def test_what_had_returned_stands_after_a_kill(tmp_path: Path, seed: int) -> None:
    path = tmp_path / 'outbox.sqlite'
    source = random.Random(seed)
    said: list[tuple[str, str]] = []
    for round_number in range(2):
        said += killed_after(path, 10 * seed + round_number, source.randint(1, 120))
    kept = {uid for did, uid in said if did == 'kept'}
    sent = {uid for did, uid in said if did == 'sent'}

    outbox = Outbox(path, 10**9, Counters())
    for uid in sent:
        assert not outbox.keep(uid, b'x', 'no_link')
    frames, size_bytes = outbox.frames, outbox.size_bytes
    found = drain(outbox)
    assert (outbox.frames, outbox.size_bytes) == (0, 0)
    outbox.close()

    assert len(found) == len(set(found)) == frames
    assert (size_bytes > 0) == (frames > 0)
    # In each round the call under way may have been done without being told.
    assert len(kept - sent - set(found)) <= 2
    assert len(set(found) - kept) <= 2
    assert not set(found) & sent
    connection = sqlite3.connect(path)
    assert connection.execute('PRAGMA integrity_check').fetchall() == [('ok',)]
    connection.close()


def test_no_kept_frame_is_lost_when_none_is_sent(tmp_path: Path) -> None:
    path = tmp_path / 'outbox.sqlite'
    program = PROGRAM.replace('source.random() < 0.3', 'False')
    kept = [uid for _, uid in killed_after(path, 0, 70, program)]

    outbox = Outbox(path, 10**9, Counters())
    found = drain(outbox)
    outbox.close()
    assert found[: len(kept)] == kept
    assert len(found) <= len(kept) + 1
