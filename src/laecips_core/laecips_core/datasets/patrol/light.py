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
    sky_top=(119, 151, 195),
    sky_low=(228, 219, 206),
    clouds=0.45,
    shadow=0.65,
    haze_per_m=0.004,
    haze=(215, 209, 194),
    gain=(0.99, 0.93, 0.84),
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
    haze_per_m=0.012,
    haze=(196, 203, 206),
    gain=(0.84, 0.86, 0.84),
    gamma=1.12,
    lift=5.0,
    noise=3.5,
    blur_px=0.7,
    lamps=0.0,
)
EVENING = Light(
    sky_top=(120, 138, 183),
    sky_low=(215, 201, 194),
    clouds=0.46,
    shadow=0.75,
    haze_per_m=0.01,
    haze=(196, 189, 190),
    gain=(0.78, 0.73, 0.72),
    gamma=1.09,
    lift=6.0,
    noise=3.9,
    blur_px=0.7,
    lamps=20.0,
)
DUSK = Light(
    sky_top=(102, 118, 157),
    sky_low=(158, 168, 193),
    clouds=0.55,
    shadow=0.94,
    haze_per_m=0.008,
    haze=(140, 150, 174),
    gain=(0.65, 0.68, 0.74),
    gamma=1.12,
    lift=6.0,
    noise=5.1,
    blur_px=0.75,
    lamps=80.0,
)
NIGHTFALL = Light(
    sky_top=(88, 105, 146),
    sky_low=(142, 152, 181),
    clouds=0.55,
    shadow=0.97,
    haze_per_m=0.009,
    haze=(125, 136, 163),
    gain=(0.58, 0.61, 0.7),
    gamma=1.16,
    lift=6.0,
    noise=5.9,
    blur_px=0.75,
    lamps=90.0,
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
    light = between(NOON, AFTERNOON, rng.uniform(0.0, 0.7))
    light = between(light, OVERCAST, rng.uniform(0.0, 1.0))
    gain = np.array(light.gain) * rng.uniform(0.82, 1.08) * rng.uniform(0.95, 1.05, 3)
    return replace(
        light,
        gain=(float(gain[0]), float(gain[1]), float(gain[2])),
        clouds=rng.uniform(0.1, 0.9),
        gamma=rng.uniform(0.9, 1.15),
        noise=rng.uniform(1.5, 3.5),
    )
