from __future__ import annotations

import pytest

from laecips_core.errors import ConfigError
from laecips_core.experiments.link import LinkConfig
from laecips_core.setting import check_config


def test_a_transfer_takes_bytes_over_rate_and_one_round_trip() -> None:
    link = LinkConfig(mbit_per_s=4.0, round_trip_ms=20.0)
    assert link.transfer_s(40_000, 10_000) == pytest.approx(0.1 + 0.02)


def test_nothing_sent_waits_for_the_round_trip_alone() -> None:
    assert LinkConfig(round_trip_ms=30.0).transfer_s(0, 0) == pytest.approx(0.03)


@pytest.mark.parametrize('values', [{'mbit_per_s': 0.0}, {'round_trip_ms': -1.0}])
def test_a_link_that_cannot_be_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        check_config(LinkConfig(**values))
