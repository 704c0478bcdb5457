"""Samples as rows of the journal: the image as it came, the maps as PNG, a digest over all."""

from __future__ import annotations

import hashlib
from typing import Any

from laecips_core.config import LimitsConfig
from laecips_core.errors import ImageError
from laecips_core.image_codec import decode_image
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_map
from laecips_core.learning.journal_file import JournalError
from laecips_core.values import Frame
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source

# What a digest of our own vouches for was within the limits when it came.
_NO_LIMITS = LimitsConfig(max_image_bytes=2**31 - 1, max_image_pixels=2**31 - 1)


def row_of(sample: Sample, image_data: bytes) -> tuple[Any, ...]:
    """
    Give the columns of a sample, but for its number.

    :param sample: a hard frame with its labels.
    :param image_data: the image of the frame as it came.
    """
    fused = sample.segmentation
    blobs = image_data, encode_map(fused.labels), encode_map(fused.confidence)
    facts = sample.frame.stamp_ns, int(fused.source), fused.weights_version
    size_bytes = sum(map(len, blobs))
    return (size_bytes, _digest(facts, blobs), *facts, *blobs)


def sample_of(what: str, frame_uid: str, row: tuple[Any, ...]) -> Sample:
    """
    Undo :func:`row_of`.

    :param what: the sample's name in errors.
    :param frame_uid: identity of its frame.
    :param row: the columns.
    :raises JournalError: when they are not those that were written.
    """
    _, digest, stamp_ns, source, weights_version, *blobs = row
    found = _digest((stamp_ns, source, weights_version), tuple(blobs))
    do = 'restore the journal, or move it away to start without its samples'
    if found != digest:
        raise JournalError(what, f'sha256 {digest}', found, do)
    try:
        frame = Frame(decode_image(blobs[0], _NO_LIMITS), stamp_ns, frame_uid)
        maps = [decode_map(blob, frame.size_px, _NO_LIMITS) for blob in blobs[1:]]
    except ImageError as error:
        raise JournalError(what, 'images that can be decoded', f'[{error}]', do) from error
    return Sample(frame, Segmentation(maps[0], maps[1], Source(source), weights_version))


def _digest(facts: tuple[Any, ...], blobs: tuple[bytes, ...]) -> str:
    digest = hashlib.sha256(repr((facts, [len(blob) for blob in blobs])).encode())
    for blob in blobs:
        digest.update(blob)
    return digest.hexdigest()
