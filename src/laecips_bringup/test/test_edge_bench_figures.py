from __future__ import annotations

import subprocess
import sys

import pytest

from laecips_bringup.edge_bench import resident_mb
from laecips_bringup.edge_bench_figures import figures_of
from laecips_bringup.edge_bench_figures import Flood
from laecips_bringup.edge_bench_figures import fps_of
from laecips_bringup.edge_bench_figures import Round
from laecips_bringup.edge_bench_figures import Walk

# The machine has half the speed in the last round.
ROUNDS = [
    Round(
        [0.010] * 3,
        Walk([0.02] * 4, 0.05, 1),
        Walk([0.012, 0.013], 0.025, 0),
        Walk([0.018], 0.018, 1),
    ),
    Round(
        [0.010] * 3, Walk([0.02] * 4, 0.05, 0), Walk([0.013], 0.013, 0), Walk([0.018], 0.018, 2)
    ),
    Round(
        [0.020] * 2, Walk([0.04] * 4, 0.08, 0), Walk([0.026], 0.026, 0), Walk([0.030], 0.030, 0)
    ),
]
FLOODS = [
    Flood(0.015, [0.015, 0.030], sent=5, dropped=3),
    Flood(0.030, [0.030], sent=3, dropped=2),
    Flood(0.010, [0.030], sent=2, dropped=1),
]


def test_speed_is_compared_by_frames_a_second_within_each_round() -> None:
    figures = figures_of(ROUNDS, FLOODS)
    assert figures['bare_fps'] == pytest.approx(8 / 0.1)
    assert figures['node_fps'] == pytest.approx(12 / 0.18)
    # The rounds say .8, .8 and 1.
    assert figures['ratio'] == pytest.approx(0.8)
    assert figures['ratio_lower_quartile'] == pytest.approx(0.8)
    assert figures['ratio_upper_quartile'] == pytest.approx(0.9)


def test_the_node_is_told_what_it_adds_and_the_overlay_what_it_adds_to_that() -> None:
    figures = figures_of(ROUNDS, FLOODS)
    assert figures['bare_ms_p50'] == pytest.approx(10.0)
    # 2.5, 3 and 6; then 5.5, 5 and 4.
    assert figures['added_ms_p50'] == pytest.approx(3.0)
    assert figures['overlay_ms_p50'] == pytest.approx(5.0)
    # 2.95, 3 and 6; then 5.05, 5 and 4.
    assert figures['added_ms_p95'] == pytest.approx(3.0)
    assert figures['overlay_ms_p95'] == pytest.approx(5.0)


def test_the_age_of_a_mask_is_told_in_frames_of_the_node() -> None:
    figures = figures_of(ROUNDS, FLOODS)
    # 1.5, 1 and 3; then 1.95, 1 and 3.
    assert figures['overload_age_frames_p50'] == pytest.approx(1.5)
    assert figures['overload_age_frames_p95'] == pytest.approx(1.95)
    assert figures['overload_age_frames_worst'] == pytest.approx(3.0)
    told = [figures[f'overload_{name}'] for name in ('sent', 'masks', 'drops')]
    assert told == [10, 4, 6]


def test_frames_without_a_mask_are_told_apart_by_their_reason() -> None:
    figures = figures_of(ROUNDS, FLOODS)
    assert (figures['streamed_superseded'], figures['lost']) == (1, 3)


def test_frames_a_second_are_those_that_were_answered() -> None:
    assert fps_of([Walk([0.1], 1.0, 9), Walk([0.1] * 3, 1.0, 0)]) == 2.0


_HOLDER = """
import sys, numpy
for make in (lambda: None, lambda: numpy.ones(50_000_000, numpy.uint8)):
    held = make()
    print('ready', flush=True)
    sys.stdin.readline()
"""


def test_memory_of_a_process_is_read() -> None:
    # A process of its own: in this one other tests' memory comes and goes.
    command = [sys.executable, '-c', _HOLDER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        read_mb = []
        for _ in range(2):
            assert holder.stdout.readline() == 'ready\n'
            read_mb.append(resident_mb(holder.pid))
            print(file=holder.stdin, flush=True)
    assert read_mb[1] - read_mb[0] == pytest.approx(50.0, abs=1)
