from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from laecips_bringup.miner_figures import benefit_histograms
from laecips_bringup.miner_figures import rate_figure
from laecips_core.experiments.rate_curves import rate_curves
from laecips_core.experiments.results import FrameSurvey

WIDTH_PX = 1350
MINERS = ['learned', 'spp', 'sm']


def _survey(index: int, gain: float | None = None) -> FrameSurvey:
    gain = (0.2 if index % 3 == 0 else 0.02) if gain is None else gain
    h = {'learned': 0.5 - gain, 'spp': 0.8 + 0.01 * (index % 7), 'sm': 0.5}
    return FrameSurvey(index, 0, 0.5, {'plain': 0.5 + gain}, 0.0, h)


STREAM = [_survey(index) for index in range(30)]
BARE = [replace(one, edge_miou=None, fused_miou={'plain': None}) for one in STREAM]


def _pixels(png: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels


def test_histograms_have_a_row_for_two_miners() -> None:
    two = _pixels(benefit_histograms(STREAM, MINERS[:2], 'plain'))
    three = _pixels(benefit_histograms(STREAM, MINERS, 'plain'))
    assert two.shape[1] == three.shape[1] == WIDTH_PX
    assert three.shape[0] > two.shape[0]


def test_histograms_show_what_is_hard() -> None:
    shown = benefit_histograms(STREAM, MINERS, 'plain')
    assert shown == benefit_histograms(STREAM, MINERS, 'plain')
    harder = [replace(one, fused_miou={'plain': 0.7}) for one in STREAM]
    assert shown != benefit_histograms(harder, MINERS, 'plain')


def test_histograms_need_neither_annotation_nor_frames() -> None:
    for surveys in (BARE, []):
        assert _pixels(benefit_histograms(surveys, MINERS[:1], 'plain')).any()


def test_rates_show_miners_and_seeds() -> None:
    rates = [0.0, 0.25, 0.5, 0.75, 1.0]
    one = rate_figure(rate_curves({0: STREAM}, MINERS, 'plain', rates))
    assert _pixels(one).shape[1] == WIDTH_PX
    fewer = rate_figure(rate_curves({0: STREAM}, MINERS[:2], 'plain', rates))
    assert one != fewer
    other = [replace(s, edge_miou=0.4 + 0.01 * (s.index % 5)) for s in STREAM]
    assert one != rate_figure(rate_curves({0: STREAM, 1: other}, MINERS, 'plain', rates))


def test_rates_need_no_annotation() -> None:
    assert _pixels(rate_figure(rate_curves({0: BARE}, MINERS, 'plain', [0.0, 1.0]))).any()
