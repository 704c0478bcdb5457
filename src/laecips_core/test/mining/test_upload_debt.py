from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
import numpy as np
from numpy.typing import NDArray
import pytest

from laecips_core.mining.upload_debt import UploadDebt

CHOICES = strategies.lists(strategies.booleans(), min_size=120, max_size=600)
TARGETS = strategies.floats(0.0, 1.0)


def allowed_steps(wishes: Sequence[bool], targets: Sequence[float], window: int) -> list[bool]:
    """Upload as wished wherever both steps are allowed; stop where none is."""
    debt, taken = UploadDebt(window), []
    for wish, target in zip(wishes, targets, strict=True):
        pressure = debt.pressure(target)
        taken.append(pressure > 0.0 if abs(pressure) > 1.0 else wish)
        debt.add(target, taken[-1])
    return taken


def worst(owed: Sequence[float] | NDArray[np.float64], window: int) -> tuple[float, float]:
    """Give the largest error of a full window's rate, and of a stream's rate from 120 frames."""
    debts = np.concatenate([[0.0], np.cumsum(owed)])
    frames = np.arange(120, debts.size)
    in_windows = np.abs(debts[window:] - debts[:-window]).max() / window
    return float(in_windows), float(np.abs(debts[frames] / frames).max())


@settings(deadline=None, max_examples=60)
@given(CHOICES, TARGETS, strategies.sampled_from([30, 37, 50, 120]))
def test_any_wishes_meet_any_target_in_windows_and_streams(
    wishes: list[bool], target: float, window: int
) -> None:
    taken = allowed_steps(wishes, [target] * len(wishes), window)
    in_windows, in_streams = worst([target - step for step in taken], window)
    assert in_windows <= 0.05 + 1e-9
    assert in_streams <= 0.01 + 1e-9


@pytest.mark.parametrize('seed', range(12))
def test_targets_that_move_are_met_by_the_stream_and_half_as_well_by_windows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wishes = (rng.random(600) < rng.random()).tolist()
    targets = np.repeat(rng.random(600), [1, 20][seed % 2])[:600]
    taken = allowed_steps(wishes, targets.tolist(), 50)
    in_windows, in_streams = worst(targets - taken, 50)
    assert in_windows <= 0.1 + 1e-9
    assert in_streams <= 0.01 + 1e-9


@pytest.mark.parametrize('seed', range(4))
def test_a_target_that_moves_slowly_is_met_in_windows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets = 0.5 + 0.4 * np.sin(np.arange(1500) / 200.0)
    taken = allowed_steps((rng.random(1500) < 0.5).tolist(), targets.tolist(), 50)
    in_windows, in_streams = worst(targets - taken, 50)
    assert in_windows <= 0.06
    assert in_streams <= 0.01 + 1e-9


@pytest.mark.parametrize('always', [False, True])
def test_steps_that_were_not_allowed_are_forgotten(always: bool) -> None:
    debt = UploadDebt(50)
    for _ in range(2000):
        debt.add(0.5, always)
    freed = 0
    while abs(debt.pressure(0.5)) > 1.0:
        debt.add(0.5, not always)
        freed += 1
    assert freed <= 5


def test_a_frame_without_debt_is_free_at_half_and_bound_far_off() -> None:
    debt = UploadDebt(50)
    assert debt.pressure(0.5) == 0.0
    debt.add(0.5, True)
    debt.add(0.5, True)
    assert debt.pressure(0.5) < -1.0
    debt = UploadDebt(50)
    debt.add(0.5, False)
    debt.add(0.5, False)
    assert debt.pressure(0.5) > 1.0
