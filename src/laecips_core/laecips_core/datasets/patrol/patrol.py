"""The patrol data set: a robot dog's walk through streets and a park from noon to dusk."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Literal

import numpy as np

from laecips_core.config import DataSetConfig
from laecips_core.datasets.patrol.camera import Camera
from laecips_core.datasets.patrol.classes import CATALOGUE
from laecips_core.datasets.patrol.ground import paint_ground
from laecips_core.datasets.patrol.light import AFTERNOON
from laecips_core.datasets.patrol.light import between
from laecips_core.datasets.patrol.light import DUSK
from laecips_core.datasets.patrol.light import EVENING
from laecips_core.datasets.patrol.light import HAZE
from laecips_core.datasets.patrol.light import Light
from laecips_core.datasets.patrol.light import mild
from laecips_core.datasets.patrol.light import NIGHTFALL
from laecips_core.datasets.patrol.light import NOON
from laecips_core.datasets.patrol.painter import Canvas
from laecips_core.datasets.patrol.park import build_park
from laecips_core.datasets.patrol.places import random_style
from laecips_core.datasets.patrol.street import build_street
from laecips_core.datasets.patrol.weather import expose
from laecips_core.datasets.patrol.weather import paint_sky
from laecips_core.datasets.patrol.world import Place
from laecips_core.datasets.thinning import thinned
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame

STREAM_FRAMES = 300
SOURCE_FRAMES = 400

_TASK_FRAMES = 60
_SOURCE_WALK_FRAMES = 5
_FIRST_STAMP_NS = 1_000_000_000
_PERIOD_NS = {'stream': 100_000_000, 'source': 1_000_000_000}
_SPLIT_NUMBER = {'stream': 1, 'source': 2}
_KINDS: tuple[Literal['street', 'park'], ...] = ('street', 'street', 'park', 'street', 'park')
_LIT_RATIO = (0.0, 0.0, 0.0, 0.12, 0.45)
_LIGHTS = (NOON, AFTERNOON, HAZE, EVENING, DUSK, NIGHTFALL)
_DRIFT_IN_TASK = 0.3
_STREET_RATIO = 0.55


class Patrol:
    """
    Frames of 360 x 480 pixels with exact labels of 12 classes, at 10 Hz.

    The ``stream`` split walks through five places (tasks 0 to 4) while the light fails: noon,
    afternoon, haze, evening, dusk. The ``source`` split is the pretraining domain: short walks
    at 1 Hz through many other streets and parks in mild light. Every frame follows from seed,
    split and index alone.
    """

    name = 'patrol'
    catalogue = CATALOGUE

    def __init__(self, config: DataSetConfig) -> None:
        """
        Choose the frames; nothing is painted yet.

        :param config: split, seed and number of frames.
        :raises DataSetError: when more frames are asked for than the split has.
        """
        self._split, self._seed = config.split, config.seed
        total = STREAM_FRAMES if config.split == 'stream' else SOURCE_FRAMES
        self._indices = thinned(range(total), config.frames)
        self._place = lru_cache(maxsize=6)(self._build_place)

    def __len__(self) -> int:
        """Count the frames."""
        return len(self._indices)

    def stamp_ns(self, index: int) -> int:
        """
        Give the capture time of one frame without painting it.

        :param index: position in this data set.
        :returns: ns since the beginning of the walk, plus one second.
        :raises IndexError: past the end.
        """
        return _FIRST_STAMP_NS + self._indices[index] * _PERIOD_NS[self._split]

    def __getitem__(self, index: int) -> LabelledFrame:
        """
        Paint one frame.

        :param index: position in this data set.
        :raises IndexError: past the end.
        """
        number = self._indices[index]
        walk_frames = _TASK_FRAMES if self._split == 'stream' else _SOURCE_WALK_FRAMES
        place_number, step = divmod(number, walk_frames)
        place = self._place(place_number)
        time_s = step * _PERIOD_NS[self._split] * 1e-9
        light = self._light(place_number, step / walk_frames)
        canvas = Canvas(Camera(place.walk.pose(time_s)))
        paint_ground(canvas, place, time_s, light.shadow)
        canvas.paint_panels(place.panels, time_s)
        paint_sky(canvas, place, light)
        image = expose(canvas, place, light, self._random(3, number))
        uid = f'patrol-{self._split}-{self._seed}-{number:06d}'
        task = place_number if self._split == 'stream' else 0
        return LabelledFrame(Frame(image, self.stamp_ns(index), uid), canvas.labels, task)

    def _random(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, _SPLIT_NUMBER[self._split], purpose, number))

    def _build_place(self, number: int) -> Place:
        rng = self._random(1, number)
        if self._split == 'stream':
            kind, lit_ratio = _KINDS[number], _LIT_RATIO[number]
        else:
            kind, lit_ratio = ('street' if rng.random() < _STREET_RATIO else 'park'), 0.0
        style = replace(random_style(rng, kind), lit_ratio=lit_ratio)
        return build_street(rng, style) if kind == 'street' else build_park(rng, style)

    def _light(self, number: int, progress: float) -> Light:
        if self._split == 'source':
            return mild(self._random(2, number))
        return between(_LIGHTS[number], _LIGHTS[number + 1], _DRIFT_IN_TASK * progress)
