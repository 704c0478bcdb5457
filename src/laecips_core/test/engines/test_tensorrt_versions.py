from __future__ import annotations

from dataclasses import fields

import pytest

from laecips_core.engines.tensorrt_versions import needs_of
from laecips_core.engines.tensorrt_versions import RANGES
from laecips_core.engines.tensorrt_versions import TensorrtNeeds
from laecips_core.errors import EngineError


def flags(version: str) -> set[str]:
    needs = needs_of(version)
    return {f.name for f in fields(TensorrtNeeds) if getattr(needs, f.name) is True}


@pytest.mark.parametrize(
    ('version', 'needed'),
    [
        ('8.6.1', {'explicit_batch_flag', 'fp16_flag'}),
        ('8.6.2.3', {'explicit_batch_flag', 'fp16_flag'}),
        ('8.6.1.post1', {'explicit_batch_flag', 'fp16_flag'}),
        ('10.0.1', {'fp16_flag', 'progress_monitor'}),
        ('10.3.0', {'fp16_flag', 'progress_monitor'}),
        ('10.11.0.33', {'fp16_flag', 'progress_monitor'}),
        ('10.12.0.36', {'strongly_typed_flag', 'progress_monitor'}),
        ('10.14.1.48.post1', {'strongly_typed_flag', 'progress_monitor'}),
        ('10.99', {'strongly_typed_flag', 'progress_monitor'}),
        ('11.0.0.114', {'progress_monitor'}),
        ('11.4.0.106', {'progress_monitor'}),
    ],
)
def test_a_release_gets_what_it_needs(version: str, needed: set[str]) -> None:
    assert flags(version) == needed


@pytest.mark.parametrize(
    'version',
    ['8.5.3', '8.60.1', '8', '9.3.0', '12.0.1', '7.2', '1.0.0.36', '', 'x', '10.x', '10.3rc1'],
)
def test_other_releases_are_refused(version: str) -> None:
    with pytest.raises(EngineError, match=r'TensorRT: expected 8\.6, 10 or 11, got .+; install'):
        needs_of(version)


def test_ranges_are_in_order_and_do_not_overlap() -> None:
    ends = [end for needs in RANGES for end in (needs.first, needs.last)]
    assert ends == sorted(ends)
    starts = [needs.first for needs in RANGES[1:]]
    assert all(last < first for last, first in zip((n.last for n in RANGES), starts, strict=False))


def test_fp16_has_one_way_on_every_release() -> None:
    """Either the flag allows it, or the types of the file rule: never both."""
    assert not any(needs.fp16_flag and needs.strongly_typed_flag for needs in RANGES)
