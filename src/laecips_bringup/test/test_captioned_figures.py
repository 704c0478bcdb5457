from __future__ import annotations

from functools import cache

from laecips_bringup import captioned_figures
from laecips_bringup.experiment_parts import ResultFigure
from laecips_core.experiments.rate_curves import rate_curves
from laecips_core.experiments.results import FrameResult
from laecips_core.experiments.results import FrameSurvey
from laecips_core.experiments.results import RunResult

FRAME = FrameResult(0, 0, 0.5, 0.5, True, 0.5, 0.5, 'v', 0.1, 0.1, 0.2, 9, 9)
RUNS = [RunResult('LAECIPS', 3, [FRAME], [], ['road'], [], [])]
SURVEYS = [FrameSurvey(0, 0, 0.4, {'plain': 0.6}, 0.1, {'spp': 0.5})]
CURVES = rate_curves({0: SURVEYS}, ['spp'], 'plain', [0.0, 1.0])


@cache
def _all(where: str) -> list[ResultFigure]:
    return [
        captioned_figures.figure5([[1.0]], ['road'], where),
        captioned_figures.figure6(RUNS, where),
        captioned_figures.figure7(SURVEYS, ['spp'], 'plain', where),
        captioned_figures.figure8(CURVES, where),
        captioned_figures.figure9(RUNS, where),
        captioned_figures.streams(RUNS, where),
    ]


def test_every_figure_has_words() -> None:
    for figure in _all(''):
        assert figure.png.startswith(b'\x89PNG')
        assert figure.alt
        assert figure.caption.endswith('.')


def test_names_say_which_and_where() -> None:
    names = ['figure5', 'figure6', 'figure7', 'figure8', 'figure9', 'streams']
    assert [figure.name for figure in _all('')] == names
    assert [figure.name for figure in _all('stream B')] == [f'{name}-stream-b' for name in names]
    assert all(figure.title.endswith(': stream B') for figure in _all('stream B'))


def test_stream_names_its_seed() -> None:
    assert captioned_figures.streams(RUNS).caption.endswith('One seed: 3.')
