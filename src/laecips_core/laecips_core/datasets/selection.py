"""Chooses frames of a data folder by sequence and slice."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
import re

from laecips_core.errors import DataSetError

SequenceFrames = Mapping[str, Sequence[tuple[int, Path]]]
"""Frame number and image of every frame, in order, by sequence."""

_ENTRY = re.compile(r'(?P<name>[^\[\]]+?)(?P<slice>\[(?P<start>[^\[\]:]*):(?P<stop>[^\[\]:]*)\])?')
_NAME = re.compile(r'(?P<sequence>.+)_(?P<frame>[0-9]+)')
_SYNTAX = (
    'comma-separated SEQUENCE or SEQUENCE[a:b], a and b whole numbers or fractions from 0.0 to 1.0'
)


def group_by_sequence(images: Sequence[Path]) -> dict[str, list[tuple[int, Path]]]:
    """
    Sort images named SEQUENCE_FRAME by sequence and frame number.

    :param images: image files.
    :returns: (frame number, image) of each frame, in order, by sequence, in order.
    :raises DataSetError: when a name has another form or two images are the same frame.
    """
    found: dict[str, dict[int, Path]] = {}
    for image in images:
        name = _NAME.fullmatch(image.stem)
        if name is None:
            raise DataSetError(
                str(image),
                'a name SEQUENCE_FRAME with a number after the last underscore',
                image.stem,
                'rename it',
            )
        frames = found.setdefault(name['sequence'], {})
        other = frames.setdefault(int(name['frame']), image)
        if other != image:
            raise DataSetError(str(image), 'one image a frame', f'the same frame as {other}')
    return {sequence: sorted(found[sequence].items()) for sequence in sorted(found)}


def select_frames(
    select: str, sequences: SequenceFrames
) -> list[tuple[str, Sequence[tuple[int, Path]]]]:
    """
    Choose frames.

    :param select: comma-separated SEQUENCE or SEQUENCE[a:b]; empty for every sequence.
    :param sequences: what there is.
    :returns: (sequence, frames) of each entry, in the order given.
    :raises DataSetError: for bad syntax, an unknown sequence, an entry without any frame, or a
        frame chosen twice.
    """
    if not select.strip():
        return list(sequences.items())
    chosen = [_entry(text.strip(), sequences) for text in select.split(',')]
    seen: set[Path] = set()
    for _, frames in chosen:
        images = {image for _, image in frames}
        if images & seen:
            twice = sorted(image.stem for image in images & seen)[0]
            raise DataSetError(f'select {select!r}', 'every frame once', f'{twice} twice')
        seen |= images
    return chosen


def _entry(text: str, sequences: SequenceFrames) -> tuple[str, Sequence[tuple[int, Path]]]:
    parts = _ENTRY.fullmatch(text)
    if parts is None:
        raise DataSetError('select', _SYNTAX, repr(text))
    if parts['name'] not in sequences:
        raise DataSetError(
            f'select {text!r}', 'a sequence of ' + ', '.join(sequences), repr(parts['name'])
        )
    frames = sequences[parts['name']]
    if parts['slice'] is not None:
        start, stop = (_bound(parts[key], text, len(frames)) for key in ('start', 'stop'))
        frames = frames[start:stop]
    if not frames:
        total = len(sequences[parts['name']])
        raise DataSetError(f'select {text!r}', 'at least one frame', f'none of {total}')
    return parts['name'], frames


def _bound(text: str, entry: str, length: int) -> int | None:
    text = text.strip()
    if not text:
        return None
    try:
        if '.' not in text:
            return int(text)
        fraction = float(text)
    except ValueError as error:
        raise DataSetError('select', _SYNTAX, repr(entry)) from error
    if not 0 <= fraction <= 1:
        raise DataSetError('select', _SYNTAX, repr(entry))
    return round(fraction * length)
