"""
The values that flow through LAECIPS, one frozen dataclass each.

Arrays are never copied here; who hands one over must not write to it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laecips_core.errors import ShapeError

UNLABELLED = 255
"""Class id of a pixel without a label, in every label map."""

Image = NDArray[np.uint8]
LabelMap = NDArray[np.uint8]
Softmax = NDArray[np.float32]
WeightArrays = dict[str, NDArray[Any]]


def _check(what: str, array: NDArray[Any], dtype: type, shape: str, good: bool) -> None:
    if not good or array.dtype != dtype:
        raise ShapeError(what, f'{shape} {np.dtype(dtype).name}', f'{array.shape} {array.dtype}')


@dataclass(frozen=True)
class Frame:
    """
    One camera frame.

    :param image: (H, W, 3) uint8, RGB, row major.
    :param stamp_ns: capture time in ns, of the camera's clock.
    :param frame_uid: identity of the frame, born at the camera, unchanged on the whole way.
    """

    image: Image
    stamp_ns: int
    frame_uid: str

    def __post_init__(self) -> None:
        """Refuse anything but a non-empty RGB image."""
        good = self.image.ndim == 3 and self.image.shape[-1] == 3 and self.image.size > 0
        _check('frame.image', self.image, np.uint8, '(H, W, 3), H and W > 0,', good)

    @property
    def size_px(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.image.shape[0], self.image.shape[1]


@dataclass(frozen=True)
class LabelledFrame:
    """
    A frame with its annotation, as data sets yield it.

    :param frame: the frame.
    :param labels: (H, W) uint8 class ids, 255 where not annotated.
    :param task: number of the task (a stretch of the stream) it belongs to, from 0.
    """

    frame: Frame
    labels: LabelMap
    task: int = 0

    def __post_init__(self) -> None:
        """Refuse labels of another size than the image."""
        good = self.labels.shape == self.frame.size_px
        _check('labels', self.labels, np.uint8, str(self.frame.size_px), good)


@dataclass(frozen=True)
class Prediction:
    """
    What the edge model says of one frame.

    :param softmax: (M, H', W') float32, sums to 1 over M classes; H', W' may be smaller than the
        frame's.
    :param size_px: (H, W) of the frame.
    :param weights_version: version of the weights that made it.
    """

    softmax: Softmax
    size_px: tuple[int, int]
    weights_version: str

    def __post_init__(self) -> None:
        """Refuse anything but a stack of class maps."""
        good = self.softmax.ndim == 3 and self.softmax.size > 0
        _check('softmax', self.softmax, np.float32, '(M, H, W)', good)


@dataclass(frozen=True)
class Verdict:
    """
    What the miner says of one prediction (Eq. 2).

    :param confidence: h in [0, 1]; larger is easier.
    :param threshold: δ in [0, 1]; a frame is hard when h <= δ.
    :param miner: name of the miner.
    """

    confidence: float
    threshold: float
    miner: str

    @property
    def hard(self) -> bool:
        """Whether the frame goes to the cloud (Eq. 2: easy when h > δ)."""
        return not self.confidence > self.threshold


@dataclass(frozen=True)
class ControllerState:
    """
    What a controller of δ aims at, and what it got.

    :param threshold: δ in [0, 1] for the next frame.
    :param target_rate: share of hard frames aimed at, in [0, 1]; nan when there is none.
    :param upload_rate: share of hard frames in the window, in [0, 1]; nan before the first.
    """

    threshold: float
    target_rate: float
    upload_rate: float


@dataclass(frozen=True)
class MaskSet:
    """
    Class-agnostic masks of one image, as runs over the row-major flattened image.

    Run k covers the pixels ``starts[k]`` to ``starts[k] + lengths[k] - 1`` of mask
    ``owners[k]``. Runs are sorted by owner, then start, and do not overlap within a mask; masks
    may overlap. No masks at all is a valid set: fusion then keeps the edge's labels.

    :param size_px: (H, W) of the image.
    :param starts: (R,) int64, first pixel of each run, in [0, H * W).
    :param lengths: (R,) int64, pixels of each run, at least 1.
    :param owners: (R,) int64, the mask of each run, in [0, K).
    :param scores: (K,) float32, the generator's own score of each mask; 1.0 where it has none.
    :param generator: name of the mask generator, as shown in reports.
    """

    size_px: tuple[int, int]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    owners: NDArray[np.int64]
    scores: NDArray[np.float32]
    generator: str

    def __len__(self) -> int:
        """Count the masks, empty ones included."""
        return int(self.scores.shape[0])

    @property
    def areas_px(self) -> NDArray[np.int64]:
        """(K,) int64, pixels of each mask."""
        areas = np.zeros(len(self), np.int64)
        np.add.at(areas, self.owners, self.lengths)
        return areas


class Source(IntEnum):
    """Where a segmentation comes from; the numbers are those of ``laecips_msgs/Report``."""

    EDGE = 0
    FUSED = 1
    EDGE_FALLBACK = 2


@dataclass(frozen=True)
class Segmentation:
    """
    A semantic mask of one frame.

    :param labels: (H, W) uint8 class ids, 255 unlabelled.
    :param confidence: (H, W) uint8, 0 (none) to 255 (sure).
    :param source: who made it.
    :param weights_version: version of the edge weights whose classes it carries.
    """

    labels: LabelMap
    confidence: NDArray[np.uint8]
    source: Source
    weights_version: str

    def __post_init__(self) -> None:
        """Refuse maps of different sizes."""
        _check('labels', self.labels, np.uint8, '(H, W)', self.labels.ndim == 2)
        good = self.confidence.shape == self.labels.shape
        _check('confidence', self.confidence, np.uint8, str(self.labels.shape), good)

    def from_source(self, source: Source) -> Segmentation:
        """
        Give the same masks under another source.

        :param source: who is to be named as their maker.
        """
        return replace(self, source=source)


@dataclass(frozen=True)
class Sample:
    """
    One training example: a hard frame and its fused segmentation (Alg. 2, line 17).

    :param frame: the uploaded frame.
    :param segmentation: the fused segmentation, used as ground truth.
    """

    frame: Frame
    segmentation: Segmentation


@dataclass(frozen=True)
class WeightManifest:
    """
    What a set of weights is, apart from the numbers.

    :param model: name of the edge model, as in the registry.
    :param version: content address of the weights.
    :param parent: version they were trained from; empty when they were trained from scratch.
    :param catalogue_sha256: hash of the class catalogue, 64 hex digits.
    :param encoding: how the payload is encoded.
    :param sha256: digest of the payload, 64 hex digits.
    :param size_bytes: length of the payload.
    :param notes: free text facts, such as the command that made them.
    :param tensors_sha256: digest of the stored tensors, 64 hex digits, whatever the encoding; the
        version is its start. Empty: not told.
    :param release: counts every release of a server, rollbacks too; 0: not signed.
    :param expires_ns: time after the Unix epoch from which no robot takes it; 0: never.
    :param signature: Ed25519, 64 bytes, by the server's release key; empty: not signed.
    """

    model: str
    version: str
    parent: str
    catalogue_sha256: str
    encoding: str
    sha256: str
    size_bytes: int
    notes: dict[str, str] = field(default_factory=dict)
    tensors_sha256: str = ''
    release: int = 0
    expires_ns: int = 0
    signature: bytes = b''


@dataclass(frozen=True)
class WeightUpdate:
    """
    Weights on their way from one machine to another.

    :param manifest: what they are.
    :param payload: safetensors bytes.
    """

    manifest: WeightManifest
    payload: bytes


@dataclass(frozen=True)
class ModelWeights:
    """
    The trainable state of one version: edge model f and miner h.

    :param edge: named arrays of the edge model.
    :param miner: named arrays of the learned miner; empty when the miner has none.
    """

    edge: WeightArrays
    miner: WeightArrays
