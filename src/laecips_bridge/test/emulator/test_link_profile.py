from __future__ import annotations

import math
from typing import Any

import pytest

from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_core.errors import ConfigError


def test_default_is_the_papers_rate() -> None:
    assert LinkProfile().rate_bytes_per_s * 8 == 4e6


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('rate_bytes_per_s', 0.0),
        ('rate_bytes_per_s', math.nan),
        ('rate_bytes_per_s', math.inf),
        ('rate_bytes_per_s', 500_000),
        ('delay_s', -0.001),
        ('delay_s', 11.0),
        ('jitter_s', -0.001),
        ('loss_ratio', -0.01),
        ('loss_ratio', 1.01),
        ('queue_bytes', 1499),
        ('queue_bytes', 64e3),
        ('seed', -1),
        ('seed', '1'),
    ],
)
def test_refuses_values_out_of_bounds(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f'link.{name}: expected'):
        LinkProfile(**{name: value})


def test_refuses_jitter_larger_than_the_delay() -> None:
    assert LinkProfile(delay_s=0.02, jitter_s=0.02).jitter_s == 0.02
    with pytest.raises(ConfigError, match=r'link.jitter_s: expected at most delay_s, 0.02'):
        LinkProfile(delay_s=0.02, jitter_s=0.021)
