"""Remembers on disk what the large models computed, so that no frame is cut or taught twice."""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import io
from pathlib import Path
import time
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import DataSetError
from laecips_core.ports import LabelSource
from laecips_core.ports import MaskGenerator
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet
from laecips_core.values import Prediction
from laecips_core.weights.files import write_atomically

_Arrays = dict[str, NDArray[Any]]


class LargeModelMemo:
    """
    A folder of answers of large models, by what they depend on.

    :param folder: made when absent; may be deleted at any time.
    :param mask_settings: text of every setting that masks depend on besides the image.
    :param label_settings: the same of labels.
    """

    def __init__(self, folder: Path, mask_settings: str, label_settings: str) -> None:
        """Use a folder."""
        self._folder = folder
        self._mask_settings = mask_settings
        self._label_settings = label_settings
        self._saved_s = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def masks(self, generator: MaskGenerator) -> MaskGenerator:
        """Put the memory in front of a mask generator."""
        return _RememberedMasks(generator, self._mask_settings, self)

    def labels(self, source: LabelSource) -> LabelSource:
        """Put the memory in front of a label source; the edge's own classes need none."""
        if source.name == 'edge':
            return source
        return _RememberedLabels(source, self._label_settings, self)

    def take_saved_s(self) -> float:
        """
        Give the time that answers from memory took when they were computed, and forget it.

        :returns: seconds since the last call; a latency must count them.
        """
        saved_s, self._saved_s = self._saved_s, 0.0
        return saved_s

    def recall(self, what: str, parts: list[bytes], compute: Callable[[], _Arrays]) -> _Arrays:
        """
        Give an answer from the folder, or compute and keep it.

        :param what: the model and its settings.
        :param parts: the bytes that the answer depends on.
        :param compute: gives the named arrays of the answer.
        :raises DataSetError: when a remembered answer is damaged.
        """
        digest = hashlib.sha256(what.encode())
        for part in parts:
            digest.update(hashlib.sha256(part).digest())
        path = self._folder / f'{digest.hexdigest()}.npz'
        if path.is_file():
            arrays, seconds = _read(path)
            self._saved_s += seconds
            return arrays
        started_s = time.perf_counter()
        arrays = compute()
        _write(path, {**arrays, 'seconds': np.asarray(time.perf_counter() - started_s)})
        return arrays


class _RememberedMasks:
    def __init__(self, generator: MaskGenerator, settings: str, memo: LargeModelMemo) -> None:
        self.name = generator.name
        self._what = f'{generator.name} {settings}'
        self._generator = generator
        self._memo = memo

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        def compute() -> _Arrays:
            made = self._generator.masks(image, annotation)
            return {
                'starts': made.starts,
                'lengths': made.lengths,
                'owners': made.owners,
                'scores': made.scores,
                'generator': np.array(made.generator),
            }

        parts = [image.tobytes(), b'' if annotation is None else annotation.tobytes()]
        arrays = self._memo.recall(self._what, parts, compute)
        return MaskSet(
            image.shape[:2],
            arrays['starts'],
            arrays['lengths'],
            arrays['owners'],
            arrays['scores'],
            str(arrays['generator']),
        )


class _RememberedLabels:
    def __init__(self, source: LabelSource, settings: str, memo: LargeModelMemo) -> None:
        self.name = source.name
        self._what = f'{source.name} {settings}'
        self._source = source
        self._memo = memo

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        def compute() -> _Arrays:
            made = self._source.labels(image, prediction)
            return {'softmax': made.softmax, 'version': np.array(made.weights_version)}

        arrays = self._memo.recall(self._what, [image.tobytes()], compute)
        return Prediction(arrays['softmax'], prediction.size_px, str(arrays['version']))


def _read(path: Path) -> tuple[_Arrays, float]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return arrays, float(arrays.pop('seconds'))
    except (OSError, EOFError, ValueError, LookupError, TypeError, BadZipFile) as error:
        raise DataSetError(str(path), 'a remembered answer', error, 'delete it') from error


def _write(path: Path, arrays: _Arrays) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())
