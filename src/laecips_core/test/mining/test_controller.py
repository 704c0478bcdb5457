from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import math

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_core.config import ControllerConfig
from laecips_core.mining.controller import FixedThreshold
from laecips_core.mining.controller import threshold_at
from laecips_core.mining.controller import UploadRateController
from laecips_core.ports import ThresholdController
from laecips_core.values import Verdict

WARM_UP, WINDOW, SHORTEST = 30, 50, 120
Stream = Callable[[int, np.random.Generator], NDArray[np.float64]]

STREAMS: dict[str, Stream] = {
    'uniform': lambda n, rng: rng.random(n),
    'narrow': lambda n, rng: 0.7 + 1e-4 * rng.random(n),
    'steps': lambda n, rng: 0.5 * rng.random(n) + 0.5 * (np.arange(n) // 83 % 2),
    'dusk': lambda n, rng: np.where(np.arange(n) < n // 2, 0.8, 0.1) + 0.1 * rng.random(n),
    'ramp down': lambda n, rng: np.linspace(1.0, 0.05, n),
    'ramp up': lambda n, rng: np.linspace(0.05, 1.0, n),
    'waves': lambda n, rng: 0.5 + 0.4 * np.sin(np.arange(n) / 15.0) + 0.05 * rng.random(n),
    'all sure': lambda n, rng: np.ones(n),
    'mostly sure': lambda n, rng: np.where(rng.random(n) < 0.8, 1.0, rng.uniform(0.1, 1.0, n)),
    'all alike': lambda n, rng: np.full(n, 0.3),
    'three values': lambda n, rng: rng.choice([0.2, 0.5, 1.0], n),
    'alternating': lambda n, rng: np.where(np.arange(n) % 2, 0.99, 0.01),
    'blocks of 50': lambda n, rng: np.where(np.arange(n) // 50 % 2, 1.0, 0.01),
}


def controller(rate: float) -> UploadRateController:
    return UploadRateController(ControllerConfig(upload_rate=rate), 0.5)


def uploads(control: ThresholdController, confidences: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Run a stream of confidences through Eq. 2, as the pipeline does."""
    hard = []
    for confidence in confidences.tolist():
        threshold = control.threshold()
        assert 0.0 <= threshold <= 1.0
        hard.append(Verdict(confidence, threshold, 'test').hard)
        control.judged(confidence, hard[-1], 0.0, 0)
    return np.asarray(hard)


def assert_kept(hard: NDArray[np.bool_], rate: float, warm_up: int = WARM_UP) -> None:
    counts = np.concatenate([[0], np.cumsum(hard)])
    in_windows = (counts[WINDOW:] - counts[:-WINDOW])[warm_up:] / WINDOW
    assert np.abs(in_windows - rate).max() <= 0.05 + 1e-9
    frames = np.arange(SHORTEST, counts.size)
    assert np.abs(counts[frames] / frames - rate).max() <= 0.01 + 1e-9


@pytest.mark.parametrize('name', STREAMS)
@pytest.mark.parametrize('rate', [0.1, 0.25, 0.38, 0.5, 0.617, 0.9])
def test_a_rate_is_kept_in_every_window_and_every_stream(name: str, rate: float) -> None:
    confidences = STREAMS[name](700, np.random.default_rng(5))
    assert_kept(uploads(controller(rate), confidences), rate)


@settings(deadline=None, max_examples=25)
@given(
    strategies.lists(
        strategies.floats(1e-6, 1.0) | strategies.sampled_from([0.25, 0.5, 1.0]),
        min_size=200,
        max_size=300,
    ),
    strategies.floats(0.0, 1.0),
)
def test_a_rate_is_kept_on_any_stream(confidences: list[float], rate: float) -> None:
    assert_kept(uploads(controller(rate), np.asarray(confidences)), rate)


@pytest.mark.parametrize('rate', [0.1, 0.38, 0.5, 0.9])
def test_a_rate_is_kept_against_an_adversary_who_sees_the_threshold(rate: float) -> None:
    control, hard = controller(rate), []
    rng = np.random.default_rng(2)
    for _ in range(2000):
        threshold = control.threshold()
        wants_hard = rng.random() < 0.5
        confidence = max(threshold, 1e-9) if wants_hard else min(threshold + 1e-9, 1.0)
        hard.append(Verdict(confidence, threshold, 'test').hard)
        control.judged(confidence, hard[-1], 0.0, 0)
    assert_kept(np.asarray(hard), rate)


@pytest.mark.parametrize('name', STREAMS)
@pytest.mark.parametrize(('before', 'after'), [(0.1, 0.9), (0.38, 0.2), (0.5, 0.55)])
def test_a_target_changed_while_running_is_kept_from_then_on(
    name: str, before: float, after: float
) -> None:
    confidences = STREAMS[name](600, np.random.default_rng(6))
    control = controller(before)
    first = uploads(control, confidences[:250])
    control.configure(ControllerConfig(upload_rate=after), 0.5)
    second = uploads(control, confidences[250:])
    assert_kept(first, before)
    assert_kept(second, after, warm_up=0)


def test_another_setting_changes_nothing() -> None:
    one, other = controller(0.38), controller(0.38)
    confidences = np.random.default_rng(7).random(400)
    uploads(one, confidences[:200])
    uploads(other, confidences[:200])
    other.configure(ControllerConfig(upload_rate=0.38, mean_delay_s=9.0), 0.1)
    assert uploads(one, confidences[200:]).tolist() == uploads(other, confidences[200:]).tolist()


@pytest.mark.parametrize(
    ('rate', 'most'), [(0.1, 0.115), (0.38, 0.245), (0.7, 0.385), (0.9, 0.468)]
)
def test_the_hardest_frames_go_up(rate: float, most: float) -> None:
    # The mean of the chosen is rate / 2 at best and 1 / 2 at random.
    means = []
    for seed in range(5):
        confidences = np.random.default_rng(seed).random(2000)
        means.append(confidences[uploads(controller(rate), confidences)].mean())
    assert rate / 2 <= float(np.mean(means)) < most


def test_a_drift_does_not_stop_the_choice_within_it() -> None:
    rng = np.random.default_rng(8)
    detail = rng.random(2000)
    hard = uploads(controller(0.38), np.linspace(0.8, 0.1, 2000) + 0.2 * detail)
    assert detail[hard].mean() < 0.27


@pytest.mark.parametrize('confidence', [0.0, math.nan])
def test_frames_without_confidence_go_up_at_every_target_and_leave_no_debt(
    confidence: float,
) -> None:
    control = controller(0.2)
    assert uploads(control, np.full(500, confidence)).all()
    assert control.state().upload_rate == 1.0
    after = uploads(control, np.random.default_rng(9).uniform(0.1, 1.0, 500))
    assert 10 - 5 <= after[:50].sum() <= 10 + 5
    assert abs(after.mean() - 0.2) <= 0.02


@pytest.mark.parametrize(('rate', 'hard'), [(0.0, False), (1.0, True)])
def test_the_ends_upload_none_and_all(rate: float, hard: bool) -> None:
    confidences = np.random.default_rng(10).uniform(0.001, 1.0, 300)
    assert (uploads(controller(rate), confidences) == hard).all()


def test_the_past_alone_decides() -> None:
    one, other = controller(0.38), controller(0.38)
    rng = np.random.default_rng(11)
    past = rng.random(300)
    assert uploads(one, past).tolist() == uploads(other, past).tolist()
    assert one.threshold() == one.threshold() == other.threshold()


def test_the_state_tells_target_and_rate_of_the_window() -> None:
    control = controller(0.38)
    assert math.isnan(control.state().upload_rate)
    hard = uploads(control, np.random.default_rng(12).random(200))
    state = control.state()
    assert (state.target_rate, state.upload_rate) == (0.38, hard[-WINDOW:].mean())
    assert state.threshold == control.threshold()


def test_a_fixed_threshold_moves_only_by_hand() -> None:
    control = FixedThreshold(ControllerConfig(), 0.4)
    assert math.isnan(control.state().target_rate)
    hard = uploads(control, np.asarray([0.3, 0.4, 0.5, 0.6]))
    control.answered(1.0, 1000)
    assert hard.tolist() == [True, True, False, False]
    assert (control.threshold(), control.state().upload_rate) == (0.4, 0.5)
    control.configure(replace(ControllerConfig(), upload_rate=0.9), 0.7)
    assert control.threshold() == 0.7


@pytest.mark.parametrize(
    ('share', 'with_ties', 'expected'),
    [
        (-1.0, True, 0.0),
        (0.0, False, 0.0),
        (0.1, True, 0.1),
        (0.3, True, 0.3),
        (0.5, True, 0.4),
        (0.5, False, 0.2),
        (0.9, True, 0.7),
        (1.0, False, 1.0),
        (7.0, True, 1.0),
    ],
)
def test_a_threshold_for_a_share(share: float, with_ties: bool, expected: float) -> None:
    confidences = [0.4, 0.2, 0.4, 0.4]
    assert threshold_at(confidences, share, with_ties=with_ties) == pytest.approx(expected)


def test_below_ties_at_the_bottom_is_nothing() -> None:
    assert threshold_at([0.3, 0.3], 0.5, with_ties=False) == 0.0
    assert threshold_at([1.0, 1.0], 1.0, with_ties=False) == 0.0
