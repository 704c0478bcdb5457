from __future__ import annotations

from itertools import product
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch import Tensor

from laecips_core.experiments.rademacher import ascend
from laecips_core.experiments.rademacher import Effort
from laecips_core.experiments.rademacher import rademacher
from laecips_core.experiments.rademacher import Signs
from laecips_core.experiments.rademacher import Sup

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

FAMILY = np.random.default_rng(1).random((5, 6))
"""Values of five functions on six frames."""


def finite(family: np.ndarray) -> Sup:
    return lambda signs: float((family @ signs).max()) / len(signs)


def exact(family: np.ndarray) -> float:
    total, frames = 0.0, family.shape[1]
    for signs in product((1, -1), repeat=frames):
        total += max(sum(s * v for s, v in zip(signs, row, strict=True)) for row in family)
    return total / frames / 2**frames


class Constant(nn.Module):
    """A function that is the same on every frame: the sigmoid of one weight."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(start))


class Table(nn.Module):
    """A function that can be anything on each frame."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(frames))


def values(network: nn.Module, rows: Tensor) -> Tensor:
    weight = network.get_parameter('weight')
    return (weight[rows] if weight.ndim else weight.expand(len(rows))).sigmoid()


def search(start: nn.Module, signs: Signs, steps: int, size: int = 4) -> float:
    rows = torch.arange(len(signs)).split(size)
    return ascend([start], values, signs, rows, Effort(steps, 0.5))


@pytest.mark.parametrize('family', [FAMILY, FAMILY[:1], np.eye(4), np.ones((2, 3))])
def test_every_sign_gives_the_exact_complexity_of_a_finite_family(family: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    found = rademacher(finite(family), family.shape[1], 64, rng)
    assert found.value == pytest.approx(exact(family))
    assert found.error == 0.0


def test_a_single_function_has_no_complexity() -> None:
    found = rademacher(finite(FAMILY[:1]), 6, 64, np.random.default_rng(0))
    assert found.value == pytest.approx(0.0, abs=1e-12)


def test_drawn_signs_come_near_the_exact_complexity_by_their_own_error() -> None:
    family = np.tile(FAMILY, 2)
    found = rademacher(finite(family), 12, 2000, np.random.default_rng(0))
    assert 0.0 < found.error < 0.01
    assert abs(found.value - exact(family)) < 4 * found.error


def test_drawn_signs_follow_from_the_generator() -> None:
    one, two = (rademacher(finite(FAMILY), 6, 10, np.random.default_rng(7)) for _ in range(2))
    assert one == two
    assert rademacher(finite(FAMILY), 6, 10, np.random.default_rng(8)) != one


def test_a_single_draw_has_no_known_error() -> None:
    assert math.isnan(rademacher(finite(FAMILY), 6, 1, np.random.default_rng(0)).error)


@pytest.mark.parametrize('signs', [[1, 1, -1, 1, 1], [-1, -1, 1, -1, -1]])
def test_ascent_over_constants_ends_at_zero_or_one(signs: list[int]) -> None:
    # sup over c in (0, 1) of c · mean σ is max(0, mean σ).
    found = search(Constant(0.0), np.array(signs, float), 40)
    assert found == pytest.approx(max(0.0, sum(signs) / 5), abs=1e-3)


def test_ascent_over_all_functions_counts_the_positive_signs() -> None:
    signs = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0, 1.0])
    assert search(Table(9), signs, 60) == pytest.approx(5 / 9, abs=1e-3)


def test_the_complexity_of_all_functions_is_one_half() -> None:
    rng = np.random.default_rng(0)
    found = rademacher(lambda signs: search(Table(3), signs, 40), 3, 8, rng)
    assert found.value == pytest.approx(0.5, abs=1e-3)


def test_no_steps_look_at_the_starts_alone() -> None:
    signs = np.array([1.0, 1.0, -1.0])
    assert search(Constant(0.0), signs, 0) == pytest.approx(0.5 / 3)
    starts = [Constant(-50.0), Constant(0.0), Constant(50.0)]
    rows = torch.arange(3).split(2)
    assert ascend(starts, values, signs, rows, Effort(0, 0.5)) == pytest.approx(1 / 3)


def test_more_steps_never_find_less() -> None:
    signs = np.array([1.0, -1.0, 1.0, -1.0])
    found = [search(Table(4), signs, steps) for steps in range(6)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_batches_do_not_change_the_search() -> None:
    signs = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    whole, parts = search(Table(5), signs, 7, size=5), search(Table(5), signs, 7, size=2)
    assert whole == pytest.approx(parts, rel=1e-5)


def test_the_starts_stay_as_they_are() -> None:
    start = Table(2).train()
    search(start, np.array([1.0, -1.0]), 3)
    assert start.training
    assert start.weight.tolist() == [0.0, 0.0]
    assert start.weight.grad is None
