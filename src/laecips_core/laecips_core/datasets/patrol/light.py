"""Lights of the patrol: the times of day and weathers it walks through."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from laecips_core.datasets.patrol.textures import Colour


@dataclass(frozen=True)
class Light:
    """
    How a scene looks at one time of day; all colours are RGB.

    :param sky_top: colour of the sky overhead, in [0, 255].
    :param sky_low: colour of the sky at the horizon, in [0, 255].
    :param clouds: cover of clouds in [0, 1].
    :param shadow: brightness inside shadows, 1 for none.
    :param haze_per_m: extinction by haze.
    :param haze: colour of the haze, in [0, 255].
    :param gain: exposure of each channel.
    :param gamma: exponent of the tone curve; above 1 darkens the middle tones.
    :param lift: brightness added to everything, in [0, 255]; lowers the contrast.
    :param noise: standard deviation of the sensor noise, in grey levels.
    :param blur_px: standard deviation of the lens blur.
    :param lamps: brightness of street lamps, in grey levels.
    """

    sky_top: Colour
    sky_low: Colour
    clouds: float
    shadow: float
    haze_per_m: float
    haze: Colour
    gain: Colour
    gamma: float
    lift: float
    noise: float
    blur_px: float
    lamps: float


NOON = Light(
    sky_top=(82, 138, 214),
    sky_low=(188, 212, 238),
    clouds=0.5,
    shadow=0.62,
    haze_per_m=0.0015,
    haze=(196, 210, 226),
    gain=(1.0, 1.0, 1.0),
    gamma=1.0,
    lift=0.0,
    noise=2.0,
    blur_px=0.55,
    lamps=0.0,
)
OVERCAST = Light(
    sky_top=(158, 168, 182),
    sky_low=(206, 212, 220),
    clouds=0.7,
    shadow=0.9,
    haze_per_m=0.005,
    haze=(198, 206, 214),
    gain=(0.92, 0.93, 0.95),
    gamma=1.05,
    lift=2.0,
    noise=3.0,
    blur_px=0.6,
    lamps=0.0,
)
AFTERNOON = Light(
    sky_top=(98, 140, 202),
    sky_low=(238, 220, 188),
    clouds=0.35,
    shadow=0.55,
    haze_per_m=0.003,
    haze=(226, 208, 176),
    gain=(1.02, 0.91, 0.74),
    gamma=1.06,
    lift=3.0,
    noise=3.0,
    blur_px=0.6,
    lamps=0.0,
)
HAZE = Light(
    sky_top=(166, 180, 194),
    sky_low=(204, 210, 212),
    clouds=0.3,
    shadow=0.85,
    haze_per_m=0.014,
    haze=(196, 203, 206),
    gain=(0.83, 0.85, 0.83),
    gamma=1.12,
    lift=5.0,
    noise=3.5,
    blur_px=0.7,
    lamps=0.0,
)
EVENING = Light(
    sky_top=(118, 122, 164),
    sky_low=(232, 192, 164),
    clouds=0.4,
    shadow=0.75,
    haze_per_m=0.016,
    haze=(200, 178, 168),
    gain=(0.74, 0.63, 0.6),
    gamma=1.14,
    lift=8.0,
    noise=4.5,
    blur_px=0.75,
    lamps=30.0,
)
DUSK = Light(
    sky_top=(62, 82, 132),
    sky_low=(124, 136, 172),
    clouds=0.5,
    shadow=0.95,
    haze_per_m=0.01,
    haze=(104, 116, 150),
    gain=(0.55, 0.59, 0.72),
    gamma=1.2,
    lift=9.0,
    noise=6.5,
    blur_px=0.8,
    lamps=110.0,
)
NIGHTFALL = Light(
    sky_top=(50, 68, 116),
    sky_low=(104, 116, 154),
    clouds=0.5,
    shadow=1.0,
    haze_per_m=0.011,
    haze=(88, 100, 136),
    gain=(0.48, 0.53, 0.68),
    gamma=1.25,
    lift=9.0,
    noise=7.0,
    blur_px=0.8,
    lamps=130.0,
)


def between(first: Light, second: Light, share: float) -> Light:
    """
    Mix two lights.

    :param first: at share 0.
    :param second: at share 1.
    :param share: in [0, 1].
    """
    mixed: dict[str, Any] = {}
    for field in fields(Light):
        a, b = getattr(first, field.name), getattr(second, field.name)
        value = (1 - share) * np.asarray(a) + share * np.asarray(b)
        mixed[field.name] = tuple(value.tolist()) if isinstance(a, tuple) else float(value)
    return Light(**mixed)


def mild(rng: Generator) -> Light:
    """
    Draw one of the mild lights around noon of the pretraining domain.

    :param rng: source of randomness.
    """
    light = between(NOON, AFTERNOON, rng.uniform(0.0, 0.4))
    light = between(light, OVERCAST, rng.uniform(0.0, 1.0))
    gain = np.array(light.gain) * rng.uniform(0.82, 1.08) * rng.uniform(0.95, 1.05, 3)
    return replace(
        light,
        gain=(float(gain[0]), float(gain[1]), float(gain[2])),
        clouds=rng.uniform(0.1, 0.9),
        gamma=rng.uniform(0.9, 1.15),
        noise=rng.uniform(1.5, 3.5),
    )
