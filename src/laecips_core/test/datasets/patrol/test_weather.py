from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from laecips_core.datasets.patrol.camera import Camera
from laecips_core.datasets.patrol.camera import Pose
from laecips_core.datasets.patrol.classes import ClassId
from laecips_core.datasets.patrol.ground import paint_ground
from laecips_core.datasets.patrol.light import AFTERNOON
from laecips_core.datasets.patrol.light import between
from laecips_core.datasets.patrol.light import DUSK
from laecips_core.datasets.patrol.light import EVENING
from laecips_core.datasets.patrol.light import HAZE
from laecips_core.datasets.patrol.light import mild
from laecips_core.datasets.patrol.light import NIGHTFALL
from laecips_core.datasets.patrol.light import NOON
from laecips_core.datasets.patrol.painter import Canvas
from laecips_core.datasets.patrol.places import lay_strips
from laecips_core.datasets.patrol.places import random_style
from laecips_core.datasets.patrol.street import build_street
from laecips_core.datasets.patrol.weather import expose
from laecips_core.datasets.patrol.weather import paint_sky
from laecips_core.datasets.patrol.world import Place
from laecips_core.datasets.patrol.world import Walk

PURE = replace(
    NOON, haze_per_m=0.0, gain=(1.0, 1.0, 1.0), gamma=1.0, lift=0.0, noise=0.0, lamps=0.0
)


@pytest.fixture
def place() -> Place:
    walk = Walk(0.0, 0.0, 10.0, 0.0, 0.0, 0.0)
    clouds = np.zeros((512, 2048), np.float32)
    lamps = np.array(((0.0, 0.8, 10.0),))
    return Place((), lay_strips(0, []), (), (), lamps, clouds, walk)


@pytest.fixture
def canvas() -> Canvas:
    canvas = Canvas(Camera(Pose((0.0, 0.8, 0.0), 0.0, 0.0, 0.0)))
    canvas.rgb[:] = (40, 80, 120)
    canvas.labels[200:] = ClassId.ROAD
    canvas.inverse_depth[:] = 0.05
    return canvas


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_pure_light_changes_nothing(canvas: Canvas, place: Place) -> None:
    np.testing.assert_array_equal(expose(canvas, place, PURE, rng()), canvas.rgb)


def test_haze_follows_koschmieder(canvas: Canvas, place: Place) -> None:
    light = replace(PURE, haze_per_m=0.03, haze=(200.0, 200.0, 200.0))
    clear = np.exp(-0.03 * 20.0)
    expected = np.array((40, 80, 120)) * clear + 200 * (1 - clear)
    np.testing.assert_allclose(expose(canvas, place, light, rng())[180, 9], expected, atol=1.0)


def test_tone_is_gamma_then_gain_then_lift(canvas: Canvas, place: Place) -> None:
    light = replace(PURE, gamma=2.0, gain=(1.0, 0.5, 1.0), lift=10.0)
    expected = 10 + 255 * (np.array((40, 80, 120)) / 255) ** 2 * (1.0, 0.5, 1.0)
    np.testing.assert_allclose(expose(canvas, place, light, rng())[180, 9], expected, atol=1.0)


def test_noise_has_its_standard_deviation_and_follows_the_seed(
    canvas: Canvas, place: Place
) -> None:
    light = replace(PURE, noise=6.0)
    image = expose(canvas, place, light, rng())
    assert image[..., 1].std() == pytest.approx(6.0, rel=0.02)
    np.testing.assert_array_equal(image, expose(canvas, place, light, rng()))


def test_lamp_glows_unless_hidden(canvas: Canvas, place: Place) -> None:
    light = replace(PURE, lamps=100.0)
    assert expose(canvas, place, light, rng())[180, 240, 0] > 90
    canvas.inverse_depth[180, 240] = 0.5
    assert expose(canvas, place, light, rng())[180, 240, 0] == 40


def test_sky_is_painted_only_where_it_is_sky(canvas: Canvas, place: Place) -> None:
    paint_sky(canvas, place, PURE)
    assert (canvas.rgb[200:] == (40, 80, 120)).all()
    np.testing.assert_allclose(canvas.rgb[190, 240], NOON.sky_low, atol=1.0)
    assert canvas.rgb[0, 240, 0] < canvas.rgb[190, 240, 0]


def test_lights_mix_linearly() -> None:
    assert between(NOON, DUSK, 0.0) == NOON
    half = between(NOON, DUSK, 0.5)
    assert half.noise == pytest.approx((NOON.noise + DUSK.noise) / 2)
    assert half.gain[2] == pytest.approx((NOON.gain[2] + DUSK.gain[2]) / 2)


def test_mild_lights_differ_and_follow_the_seed() -> None:
    assert mild(rng()) == mild(rng())
    assert mild(rng()) != mild(np.random.default_rng(6))


def test_one_scene_gets_darker_from_light_to_light() -> None:
    place = build_street(rng(), random_style(rng(), 'street'))
    brightness = []
    for light in (NOON, AFTERNOON, HAZE, EVENING, DUSK, NIGHTFALL):
        canvas = Canvas(Camera(place.walk.pose(1.0)))
        paint_ground(canvas, place, 1.0, light.shadow)
        canvas.paint_panels(place.panels, 1.0)
        paint_sky(canvas, place, light)
        brightness.append(expose(canvas, place, light, rng()).mean())
    assert all(later < earlier for earlier, later in pairwise(brightness))
