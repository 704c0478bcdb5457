from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_core.config import ControllerConfig
from laecips_core.mining.budgets import ByteBudget
from laecips_core.mining.budgets import ByteRateController
from laecips_core.mining.budgets import DelayBudget
from laecips_core.mining.budgets import MeanDelayController
from laecips_core.mining.budgets import RunningMean
from laecips_core.ports import ThresholdController

EASY_S, PERIOD_NS = 0.05, 100_000_000


def run(
    control: ThresholdController,
    hard_s: NDArray[np.float64],
    hard_bytes: NDArray[np.float64],
    seed: int = 0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run a stream and give delay in seconds and bytes sent of every frame."""
    rng = np.random.default_rng(seed)
    delays, sent = [], []
    for index in range(hard_s.size):
        confidence = float(rng.uniform(0.01, 1.0))
        hard = confidence <= control.threshold()
        control.judged(confidence, hard, EASY_S, index * PERIOD_NS)
        if hard:
            control.answered(float(hard_s[index]), int(hard_bytes[index]))
        delays.append(float(hard_s[index]) if hard else EASY_S)
        sent.append(int(hard_bytes[index]) if hard else 0)
    return np.asarray(delays), np.asarray(sent)


def noise(frames: int, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0.8, 1.2, frames)


def test_a_mean_delay_is_met_on_a_link_that_gets_slower() -> None:
    control = MeanDelayController(ControllerConfig(mean_delay_s=0.2), 0.5)
    hard_s = np.linspace(0.3, 0.8, 1500) * noise(1500)
    delays, _ = run(control, hard_s, np.full(1500, 1.0))
    assert delays[100:].mean() == pytest.approx(0.2, rel=0.06)
    assert delays[-300:].mean() == pytest.approx(0.2, rel=0.08)


def test_a_mean_delay_changed_while_running_is_met() -> None:
    control = MeanDelayController(ControllerConfig(mean_delay_s=0.2), 0.5)
    run(control, 0.5 * noise(300), np.full(300, 1.0))
    control.configure(ControllerConfig(mean_delay_s=0.35), 0.5)
    assert control.state().target_rate == pytest.approx(2 / 3, rel=0.05)
    delays, _ = run(control, 0.5 * noise(400), np.full(400, 1.0))
    assert delays.mean() == pytest.approx(0.35, rel=0.03)


def test_a_byte_rate_is_met_on_images_that_grow() -> None:
    control = ByteRateController(ControllerConfig(bytes_per_s=60_000.0), 0.5)
    sizes = np.linspace(10_000, 30_000, 1500) * noise(1500)
    _, sent = run(control, np.full(1500, 0.5), sizes)
    assert sent[100:].sum() / 140.0 == pytest.approx(60_000, rel=0.05)
    assert sent[-300:].sum() / 30.0 == pytest.approx(60_000, rel=0.05)


def test_a_byte_rate_changed_while_running_is_met() -> None:
    control = ByteRateController(ControllerConfig(bytes_per_s=60_000.0), 0.5)
    run(control, np.full(300, 0.5), 20_000 * noise(300))
    control.configure(ControllerConfig(bytes_per_s=120_000.0), 0.5)
    _, sent = run(control, np.full(400, 0.5), 20_000 * noise(400, 2))
    assert sent.sum() / 40.0 == pytest.approx(120_000, rel=0.03)


def test_until_measured_the_upload_rate_is_held_and_may_change() -> None:
    control = MeanDelayController(ControllerConfig(upload_rate=0.3), 0.5)
    control.judged(0.9, False, EASY_S, 0)
    assert control.state().target_rate == 0.3
    control.configure(ControllerConfig(upload_rate=0.6), 0.5)
    control.judged(0.9, False, EASY_S, PERIOD_NS)
    assert control.state().target_rate == 0.6


def test_a_frame_that_was_never_sent_teaches_nothing() -> None:
    control = MeanDelayController(ControllerConfig(upload_rate=0.3, mean_delay_s=0.1), 0.5)
    control.answered(0.05, 0)
    control.judged(0.9, False, EASY_S, 0)
    assert control.state().target_rate == 0.3
    control.answered(0.25, 1000)
    control.judged(0.9, False, EASY_S, PERIOD_NS)
    assert control.state().target_rate == pytest.approx(0.25)


@pytest.mark.parametrize(('mean_delay_s', 'rate'), [(0.01, 0.0), (0.15, 0.5), (5.0, 1.0)])
def test_a_delay_beyond_reach_ends_at_none_or_all(mean_delay_s: float, rate: float) -> None:
    control = MeanDelayController(ControllerConfig(mean_delay_s=mean_delay_s), 0.5)
    control.answered(0.25, 1000)
    control.judged(0.9, False, EASY_S, 0)
    assert control.state().target_rate == pytest.approx(rate)


def test_the_papers_example_of_a_delay() -> None:
    budget = DelayBudget(3.0, 50)
    budget.judged(False, 1.0, 0)
    assert budget.rate() is None
    budget.answered(5.0, 1)
    budget.judged(True, 100.0, 0)
    assert budget.rate() == 0.5


def test_uploads_that_cost_no_delay_are_free() -> None:
    budget = DelayBudget(3.0, 50)
    budget.judged(False, 1.0, 0)
    budget.answered(1.0, 1)
    assert budget.rate() == 1.0


def test_a_pause_counts_little_and_a_clock_set_back_nothing() -> None:
    budget = ByteBudget(1000.0, 50)
    budget.answered(0.0, 1000)
    for index in range(51):
        budget.judged(False, 0.0, index * PERIOD_NS)
    assert budget.rate() == pytest.approx(0.1)
    budget.judged(False, 0.0, 3_600_000_000_000)
    assert budget.rate() == pytest.approx(0.1 * 59 / 50)
    budget.judged(False, 0.0, 0)
    assert budget.rate() == pytest.approx(0.1 * 59 / 50)


def test_a_running_mean_forgets() -> None:
    mean = RunningMean(2)
    assert mean.mean() is None
    for value in (100.0, 1.0, 3.0):
        mean.add(value)
    assert mean.mean() == 2.0
