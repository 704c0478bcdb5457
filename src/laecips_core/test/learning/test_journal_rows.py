from __future__ import annotations

from collections.abc import Sequence
import hashlib
from typing import Any

import numpy as np
import pytest

from laecips_core.config import LimitsConfig
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_image
from laecips_core.learning.journal_file import JournalError
from laecips_core.learning.journal_rows import row_of
from laecips_core.learning.journal_rows import sample_of
from laecips_core.values import Frame
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source

IMAGE = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
PNG = encode_image(IMAGE, 'png', 1)
LABELS = np.array([[0, 1, 255, 3]] * 3, np.uint8)
CONFIDENCE = np.array([[9, 8, 7, 6]] * 3, np.uint8)
SAMPLE = Sample(Frame(IMAGE, 42, 'a'), Segmentation(LABELS, CONFIDENCE, Source.FUSED, 'v1'))
COLUMNS = (
    'size_bytes',
    'sha256',
    'stamp_ns',
    'source',
    'weights_version',
    'image',
    'labels',
    'confidence',
)


def test_a_row_holds_the_image_as_it_came_and_both_maps() -> None:
    row = dict(zip(COLUMNS, row_of(SAMPLE, PNG), strict=True))
    assert row['image'] == PNG
    np.testing.assert_array_equal(decode_map(row['labels'], (3, 4), LimitsConfig()), LABELS)
    np.testing.assert_array_equal(
        decode_map(row['confidence'], (3, 4), LimitsConfig()), CONFIDENCE
    )
    assert row['size_bytes'] == len(PNG) + len(row['labels']) + len(row['confidence'])
    assert (row['stamp_ns'], row['source'], row['weights_version']) == (42, 1, 'v1')


def test_a_row_gives_the_sample_back() -> None:
    found = sample_of('it', 'a', row_of(SAMPLE, PNG))
    np.testing.assert_array_equal(found.frame.image, IMAGE)
    np.testing.assert_array_equal(found.segmentation.labels, LABELS)
    np.testing.assert_array_equal(found.segmentation.confidence, CONFIDENCE)
    assert (found.frame.stamp_ns, found.frame.frame_uid) == (42, 'a')
    assert found.segmentation.source is Source.FUSED
    assert found.segmentation.weights_version == 'v1'


@pytest.mark.parametrize(
    ('column', 'value'),
    [
        ('stamp_ns', 43),
        ('source', 0),
        ('weights_version', 'v2'),
        ('image', PNG + b'x'),
        ('labels', b''),
        ('confidence', PNG),
    ],
)
def test_a_changed_row_is_refused(column: str, value: Any) -> None:
    row = list(row_of(SAMPLE, PNG))
    row[COLUMNS.index(column)] = value
    with pytest.raises(JournalError, match=r'it: expected sha256 .*; restore the journal'):
        sample_of('it', 'a', tuple(row))


def test_bytes_that_move_from_one_column_to_the_next_are_refused() -> None:
    row = list(row_of(SAMPLE, PNG))
    image = COLUMNS.index('image')
    row[image], row[image + 1] = row[image] + row[image + 1][:1], row[image + 1][1:]
    with pytest.raises(JournalError, match='it: expected sha256'):
        sample_of('it', 'a', tuple(row))


def _signed(row: Sequence[Any]) -> tuple[Any, ...]:
    """Give a row its digest, as only who writes the journal can."""
    facts, blobs = tuple(row[2:5]), tuple(row[5:])
    text = repr((facts, [len(blob) for blob in blobs])).encode()
    return (row[0], hashlib.sha256(text + b''.join(blobs)).hexdigest(), *row[2:])


def test_an_image_that_does_not_decode_is_refused() -> None:
    row = list(row_of(SAMPLE, PNG))
    row[COLUMNS.index('image')] = b'no image'
    with pytest.raises(JournalError, match=r'it: expected images that can be decoded, got \[imag'):
        sample_of('it', 'a', _signed(row))
