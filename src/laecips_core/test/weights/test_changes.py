from __future__ import annotations

import struct

import numpy as np
import pytest
import zstandard

from laecips_core.errors import WeightsError
from laecips_core.weights.changes import changed
from laecips_core.weights.changes import changes_between
from laecips_core.weights.changes import SectionReader


def sections_of(data: bytes) -> list[bytes]:
    found = []
    while data:
        (length,) = struct.unpack('<I', data[:4])
        found.append(zstandard.decompress(data[4 : 4 + length]))
        data = data[4 + length :]
    return found


def halves(*numbers: float) -> np.ndarray:
    return np.array(numbers, '<f2').view('<i2')


def test_a_change_is_a_gap_and_steps_with_the_sign_in_the_lowest_bit() -> None:
    before = halves(1.0, 1.0, 1.0, -1.0, 0.0)
    after = halves(1.0, 1.0 + 2**-10, 1.0 - 2**-11, -1.0 - 2**-10, -0.0)
    gaps, low, high = sections_of(changes_between(before, after))
    assert list(gaps) == [1, 0, 0, 0]
    # One step up is 2, one down is 1 (-1 folded); from 0.0 to -0.0 is one down.
    assert list(low) == [2, 1, 1, 1]
    assert list(high) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ('left_out', 'gaps'),
    [(0, [0]), (254, [254]), (255, [255, 0]), (256, [255, 1]), (510, [255, 255, 0])],
)
def test_a_long_gap_takes_more_bytes(left_out: int, gaps: list[int]) -> None:
    before = np.zeros(left_out + 9, '<i1')
    after = before.copy()
    after[left_out] = 1
    assert list(sections_of(changes_between(before, after))[0]) == gaps


@pytest.mark.parametrize('width', [1, 2, 4, 8])
def test_any_numbers_of_any_width_come_back(width: int) -> None:
    rng = np.random.default_rng(width)
    before = rng.integers(0, 256, 3000 * width, np.uint8).view(f'<i{width}')
    after = rng.integers(0, 256, 3000 * width, np.uint8).view(f'<i{width}')
    after[::2] = before[::2]
    kept = before.copy()
    reader = SectionReader(b'head' + changes_between(before, after), 4, 100_000)
    found = changed(before, reader)
    reader.check_end()
    assert found.dtype == after.dtype
    assert (found == after).all()
    assert (before == kept).all()


def test_no_numbers_have_no_changes() -> None:
    nothing = np.zeros(0, '<i4')
    data = changes_between(nothing, nothing)
    assert sections_of(data) == [b''] * 5
    assert changed(nothing, SectionReader(data, 0, 0)).size == 0


def test_a_cut_section_is_refused() -> None:
    data = changes_between(halves(1.0), halves(2.0))
    with pytest.raises(WeightsError, match='gaps: expected a frame of 0 bytes, got 0; send it'):
        changed(halves(1.0), SectionReader(b'', 0, 100))
    with pytest.raises(WeightsError, match='gaps: expected a frame of 10 bytes, got 6; send it'):
        changed(halves(1.0), SectionReader(data[:10], 0, 100))
