from __future__ import annotations

import pytest

from laecips_core.experiments.intervals import Interval
from laecips_core.experiments.miner_scores import CEILING
from laecips_core.experiments.miner_scores import RANDOM
from laecips_core.experiments.miner_scores import random_miou
from laecips_core.experiments.rate_curves import rate_curves
from laecips_core.experiments.rate_curves import RateCurve
from laecips_core.experiments.results import FrameSurvey


def _stream(shift: float) -> list[FrameSurvey]:
    rows = [(0.5, 0.6, 0.9), (0.2, 0.6, 0.3), (0.7, 0.6, 0.1), (0.4, 0.6, 0.6)]
    return [
        FrameSurvey(i, 0, edge + shift, {'plain': fused + shift}, 0.0, {'spp': h, RANDOM: h})
        for i, (edge, fused, h) in enumerate(rows)
    ]


def _curves() -> dict[str, RateCurve]:
    surveys = {0: _stream(0.0), 1: _stream(0.1)}
    found = rate_curves(surveys, ['spp', RANDOM], 'plain', [0.0, 0.5, 1.0])
    assert [curve.name for curve in found] == ['spp', RANDOM, CEILING]
    return {curve.name: curve for curve in found}


def _means(values: tuple[Interval | None, ...]) -> list[float]:
    return [value.mean for value in values if value is not None]


def test_curves_meet_where_no_frame_or_every_frame_is_sent() -> None:
    for curve in _curves().values():
        first, _, last = _means(curve.values)
        assert [first, last] == pytest.approx([0.5, 0.65])
        assert curve.rates == (0.0, 0.5, 1.0)


def test_values_and_gains_in_the_middle() -> None:
    curves = _curves()
    # Chance: .5 + half of .15; spp sends frames 1 and 2; perfect choice sends 1 and 3.
    for name, middle in ((RANDOM, 0.575), ('spp', 0.575), (CEILING, 0.65)):
        assert _means(curves[name].values)[1] == pytest.approx(middle)
        assert _means(curves[name].gains)[1] == pytest.approx(middle - 0.575)


def test_gains_are_paired_over_the_seeds() -> None:
    # The seeds differ by a tenth in mIoU and not at all in the gain.
    curve = _curves()[CEILING]
    assert curve.values[1] is not None
    assert curve.gains[1] is not None
    assert curve.values[1].half_width == pytest.approx(0.635, abs=0.001)
    assert curve.gains[1].half_width == pytest.approx(0.0, abs=1e-9)


def test_band_of_random_is_the_luck_of_one_choice() -> None:
    _, spread = random_miou(_stream(0.0), 'plain', 0.5)
    band = _curves()[RANDOM].gains[1]
    assert band is not None
    assert band.mean == 0.0
    assert band.half_width == pytest.approx(1.96 * spread)
