from __future__ import annotations

import numpy as np
import pytest

from laecips_core.errors import ConfigError
from laecips_core.errors import ShapeError
from laecips_core.experiments.miner_choice import benefits
from laecips_core.experiments.miner_choice import choose_best
from laecips_core.experiments.miner_choice import choose_causal
from laecips_core.experiments.miner_choice import choose_quantile
from laecips_core.experiments.miner_choice import choose_random
from laecips_core.experiments.miner_choice import system_miou
from laecips_core.experiments.miner_choice import way_to_ceiling
from laecips_core.experiments.results import FrameSurvey

NAN = float('nan')


def _survey(
    index: int, edge: float | None, fused: float | None, confidence: float = 0.5
) -> FrameSurvey:
    return FrameSurvey(index, 0, edge, {'plain': fused}, 0.0, {'spp': confidence})


# Benefits .1, .4, −.1 and .2.
STREAM = [
    _survey(0, 0.5, 0.6, 0.9),
    _survey(1, 0.2, 0.6, 0.3),
    _survey(2, 0.7, 0.6, 0.1),
    _survey(3, 0.4, 0.6, 0.6),
]


class _Halving:
    """Starts at δ = 0.8 and halves it after each hard frame."""

    def __init__(self) -> None:
        self.told: list[tuple[float, bool, float, int]] = []
        self._threshold = 0.8

    def threshold(self) -> float:
        return self._threshold

    def judged(self, confidence: float, hard: bool, delay_s: float, stamp_ns: int) -> None:
        self.told.append((confidence, hard, delay_s, stamp_ns))
        self._threshold /= 2.0 if hard else 1.0


def test_quantile_sends_the_least_sure_frames() -> None:
    assert choose_quantile(STREAM, 'spp', 0.5) == [False, True, True, False]
    assert choose_quantile(STREAM, 'spp', 0.0) == [False] * 4
    assert choose_quantile(STREAM, 'spp', 1.0) == [True] * 4


def test_equal_confidences_are_drawn_by_seed_and_not_by_order() -> None:
    equal = [_survey(index, 0.5, 0.5) for index in range(100)]
    first, second = (choose_quantile(equal, 'spp', 0.3, seed) for seed in (0, 1))
    assert sum(first) == sum(second) == 30
    assert first != second
    assert first == choose_quantile(equal, 'spp', 0.3, 0)
    assert any(first[50:])


def test_confidence_that_is_no_number_is_hard() -> None:
    stream = [STREAM[2], _survey(1, 0.5, 0.5, NAN)]
    assert choose_quantile(stream, 'spp', 0.5) == [False, True]
    assert choose_causal(stream, 'spp', _Halving) == [True, True]


def test_causal_choice_asks_before_it_tells() -> None:
    made: list[_Halving] = []

    def controller() -> _Halving:
        made.append(_Halving())
        return made[-1]

    # δ is .8 for frames 0 and 1, .4 for frame 2, .2 for frame 3.
    assert choose_causal(STREAM, 'spp', controller, 0.5) == [False, True, True, False]
    assert [(hard, stamp) for _, hard, _, stamp in made[0].told] == [
        (False, 0),
        (True, 500_000_000),
        (True, 1_000_000_000),
        (False, 1_500_000_000),
    ]


def test_equal_to_threshold_is_hard() -> None:
    assert choose_causal([_survey(0, 0.5, 0.5, 0.8)], 'spp', _Halving) == [True]


def test_random_choice_has_the_rate_and_depends_on_the_seed() -> None:
    stream = STREAM * 25
    chosen = choose_random(stream, 0.37, 3)
    assert sum(chosen) == 37
    assert chosen == choose_random(stream, 0.37, 3)
    assert chosen != choose_random(stream, 0.37, 4)


def test_ceiling_sends_the_largest_benefits() -> None:
    assert choose_best(STREAM, 'plain', 0.5) == [False, True, False, True]
    assert choose_best([_survey(0, None, None), *STREAM], 'plain', 0.8) == [
        False, True, True, True, True,
    ]  # fmt: skip


def test_no_choice_of_as_many_frames_beats_the_ceiling() -> None:
    rng = np.random.default_rng(0)
    stream = [_survey(i, edge, fused) for i, (edge, fused) in enumerate(rng.random((40, 2)))]
    best = system_miou(stream, choose_best(stream, 'plain', 0.4), 'plain')
    tries = [system_miou(stream, choose_random(stream, 0.4, i), 'plain') for i in range(50)]
    assert max(tries) < best


def test_system_miou_takes_the_fused_mask_of_frames_sent() -> None:
    expected = (0.5 + 0.6 + 0.7 + 0.6) / 4
    found = system_miou(STREAM, [False, True, False, True], 'plain')
    assert found == pytest.approx(expected)


def test_system_miou_leaves_out_frames_without_annotation() -> None:
    stream = [*STREAM[:1], _survey(1, None, None)]
    assert system_miou(stream, [True, True], 'plain') == pytest.approx(0.6)
    assert np.isnan(system_miou(stream[1:], [True], 'plain'))
    assert np.isnan(system_miou([], [], 'plain'))


def test_benefit_is_fused_less_edge() -> None:
    assert benefits(STREAM, 'plain') == pytest.approx([0.1, 0.4, -0.1, 0.2])
    assert np.isnan(benefits([_survey(0, None, None)], 'plain')).all()


@pytest.mark.parametrize(('miner', 'way'), [(0.5, 0.0), (0.6, 1.0), (0.55, 0.5), (0.45, -0.5)])
def test_way_to_ceiling(miner: float, way: float) -> None:
    assert way_to_ceiling(miner, 0.5, 0.6) == pytest.approx(way)


def test_no_way_where_the_ceiling_is_no_better() -> None:
    assert np.isnan(way_to_ceiling(0.5, 0.5, 0.5))


def test_what_was_not_surveyed_is_named() -> None:
    with pytest.raises(ConfigError, match='one of spp'):
        choose_quantile(STREAM, 'mess', 0.5)
    with pytest.raises(ConfigError, match='one of plain'):
        benefits(STREAM, 'guarded')
    with pytest.raises(ConfigError, match='share from 0 to 1'):
        choose_random(STREAM, 38.0, 0)
    with pytest.raises(ShapeError, match='4 frames'):
        system_miou(STREAM, [True], 'plain')
