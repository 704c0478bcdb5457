from __future__ import annotations

import os
import time

import pytest

from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bringup.link_bench import ANSWER_BYTES
from laecips_bringup.link_bench import figures_of
from laecips_bringup.link_bench import FRAME_BYTES
from laecips_bringup.link_bench_robot import BenchTimes
from laecips_bringup.link_bench_robot import cpu_s

# 68 kB at 500 kB/s, and one round trip: 136 ms + 20 ms.
PROFILE = LinkProfile(rate_bytes_per_s=500_000.0, delay_s=0.01)
IDEAL_S = 0.156


def times(
    *ratios: float, compute_s: float = 0.0, weights_bytes: int = 0, elapsed_s: float = 1.0
) -> BenchTimes:
    n = len(ratios)
    return BenchTimes(
        frame_s=[ratio * (IDEAL_S + compute_s) for ratio in ratios],
        compute_s=[compute_s] * n,
        answer_bytes=[ANSWER_BYTES] * n,
        cpu_s=[0.004] * n,
        failed=[],
        weights_bytes=weights_bytes,
        elapsed_s=elapsed_s,
    )


def test_ratios_are_times_over_both_messages_one_round_trip_and_the_clouds_time() -> None:
    assert FRAME_BYTES + ANSWER_BYTES == 68_000
    alone = times(1.0, 1.1, 1.2, compute_s=0.5)
    figures = figures_of(PROFILE, alone, times(2.0), None)
    assert figures['frame.p50_ratio'] == pytest.approx(1.1)
    assert figures['frame.p95_ratio'] == pytest.approx(1.19)
    assert figures['frame_under_download.p95_ratio'] == pytest.approx(2.0)
    assert figures['ideal_ms'] == pytest.approx(656.0)
    assert figures['cpu_ms_per_frame'] == pytest.approx(4.0)


def test_the_share_of_a_download_is_of_what_the_answers_leave() -> None:
    # Two answers of 8 kB in 1 s leave 484 kB of 500.
    beside = times(1.0, 1.0, weights_bytes=363_000)
    assert figures_of(PROFILE, times(1.0), beside, None)['download.share'] == pytest.approx(0.75)


def test_plain_dds_stands_beside_only_where_it_was_measured() -> None:
    alone, beside = times(1.0), times(1.0)
    without = figures_of(PROFILE, alone, beside, None)
    assert 'plain_dds.p50_ratio' not in without
    assert without['link'] == 'a TCP relay'
    figures = figures_of(PROFILE, alone, beside, times(3.0))
    assert figures['plain_dds.p50_ratio'] == pytest.approx(3.0)
    assert figures['link'] == 'packets in network namespaces'


def test_processor_time_of_a_process_is_read() -> None:
    before_s, own_s = cpu_s(os.getpid()), time.process_time()
    while time.process_time() - own_s < 0.02:
        pass
    spent_s = time.process_time() - own_s
    assert cpu_s(os.getpid()) - before_s == pytest.approx(spent_s, abs=0.01)
