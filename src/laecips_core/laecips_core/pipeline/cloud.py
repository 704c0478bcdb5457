"""One pass over a hard frame on the cloud: decode, predict, mask, fuse, encode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
from itertools import pairwise
import time

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import LimitsConfig
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import DigestError
from laecips_core.errors import LaecipsError
from laecips_core.image_codec import decode_image
from laecips_core.image_codec import encode_confidence
from laecips_core.image_codec import encode_map
from laecips_core.image_codec import sha256_hex
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.edge import predict
from laecips_core.ports import Fuser
from laecips_core.ports import LabelSource
from laecips_core.ports import MaskGenerator
from laecips_core.values import Frame
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet
from laecips_core.values import Prediction
from laecips_core.values import Sample
from laecips_core.values import Segmentation

MAX_UID_CHARACTERS = 256
"""Longest frame uid accepted; each one is remembered."""


class FrameUidError(LaecipsError):
    """A frame has no identity, or far too long a one."""

    code = 'bad_frame_uid'

    def __init__(self, characters: int) -> None:
        """
        Say what is allowed.

        :param characters: length of the uid that came.
        """
        super().__init__(
            f'frame_uid: expected 1 to {MAX_UID_CHARACTERS} characters, got {characters}'
        )


@dataclass(frozen=True)
class HardFrame:
    """
    A hard frame as it comes from an edge; nothing in it is trusted.

    :param frame_uid: identity of the frame.
    :param robot: name of the robot.
    :param stamp_ns: capture time in ns.
    :param weights_version: edge weights that judged it hard.
    :param catalogue_sha256: class catalogue of the edge, 64 hex digits.
    :param image_sha256: digest of the data, 64 hex digits.
    :param image_data: encoded image.
    :param training_only: nobody waits for the mask, so none is encoded.
    """

    frame_uid: str
    robot: str
    stamp_ns: int
    weights_version: str
    catalogue_sha256: str
    image_sha256: str
    image_data: bytes
    training_only: bool = False


@dataclass(frozen=True)
class CloudPass:
    """
    What the cloud made of one hard frame; times in seconds.

    :param sample: frame and labels to train on, for the replay buffer.
    :param prediction: of the edge model that judged the frame hard.
    :param masks: the large vision model's masks.
    :param label_png: the fused labels, encoded; empty when the frame is for training only.
    :param confidence_png: their confidence at a quarter of the size, encoded; empty likewise.
    :param decode_s: decoding the image.
    :param edge_s: the edge model.
    :param masks_s: the large vision model.
    :param labels_s: the label source.
    :param fusion_s: fusion and encoding.
    """

    sample: Sample
    prediction: Prediction
    masks: MaskSet
    label_png: bytes
    confidence_png: bytes
    decode_s: float
    edge_s: float
    masks_s: float
    labels_s: float
    fusion_s: float

    @property
    def total_s(self) -> float:
        """Seconds of the whole pass."""
        return self.decode_s + self.edge_s + self.masks_s + self.labels_s + self.fusion_s


class CloudPipeline:
    """
    The cloud's half of Algorithm 2 (lines 12 to 16).

    :param catalogue: the classes.
    :param parts_of: gives model and miner of a weights version, or raises UnknownVersionError.
    :param generator: the large vision model.
    :param fuser: the fusion rule.
    :param labels: gives the classes to train on.
    :param answer_labels: whether the answer carries the label source's classes, too, and not the
        edge model's.
    :param annotation_at: annotation of the frame captured at a time in ns, or None; only the
        ground-truth generator uses it.
    :param limits: bounds on the image.
    """

    def __init__(
        self,
        catalogue: ClassCatalogue,
        parts_of: Callable[[str], EdgeParts],
        generator: MaskGenerator,
        fuser: Fuser,
        labels: LabelSource,
        answer_labels: bool,
        annotation_at: Callable[[int], LabelMap | None],
        limits: LimitsConfig,
    ) -> None:
        """Keep the parts."""
        self._catalogue = catalogue
        self._parts_of = parts_of
        self._generator = generator
        self._fuser = fuser
        self._labels = labels
        self._answer_labels = answer_labels
        self._annotation_at = annotation_at
        self._limits = limits

    def segment(self, request: HardFrame) -> CloudPass:
        """
        Segment one hard frame with the weights that its edge runs.

        :param request: the frame as it came.
        :returns: the answer and the sample.
        :raises FrameUidError: when the frame has no usable identity.
        :raises DigestError: when the image data is not what was announced.
        :raises CatalogueMismatchError: when edge and cloud have other classes.
        :raises UnknownVersionError: when the edge's weights are not held here.
        :raises ImageError: when the image cannot be used.
        """
        self._check(request)
        parts = self._parts_of(request.weights_version)
        times_s = [time.perf_counter()]
        image = decode_image(request.image_data, self._limits)
        times_s.append(time.perf_counter())
        frame = Frame(image, request.stamp_ns, request.frame_uid)
        prediction = predict(parts, frame)
        times_s.append(time.perf_counter())
        masks = self._generator.masks(image, self._annotation_at(request.stamp_ns))
        times_s.append(time.perf_counter())
        classes = self._labels.labels(image, prediction)
        times_s.append(time.perf_counter())
        fused, answer = self._fused(prediction, classes, masks)
        maps = (b'', b'') if request.training_only else _encoded(answer)
        times_s.append(time.perf_counter())
        spent_s = [later - earlier for earlier, later in pairwise(times_s)]
        sample = Sample(frame, fused)
        return CloudPass(sample, prediction, masks, *maps, *spent_s)

    def _fused(
        self, prediction: Prediction, classes: Prediction, masks: MaskSet
    ) -> tuple[Segmentation, Segmentation]:
        """Give what is trained on, and what is answered, under the version of the edge."""
        fused = self._fuser.fuse(classes, masks)
        fused = replace(fused, weights_version=prediction.weights_version)
        if self._answer_labels or classes is prediction:
            return fused, fused
        return fused, self._fuser.fuse(prediction, masks)

    def _check(self, request: HardFrame) -> None:
        if not 1 <= len(request.frame_uid) <= MAX_UID_CHARACTERS:
            raise FrameUidError(len(request.frame_uid))
        if request.catalogue_sha256 != self._catalogue.sha256:
            raise CatalogueMismatchError(
                'class catalogue of the hard frame',
                self._catalogue.sha256,
                request.catalogue_sha256,
                'start edge and cloud with the same weights',
            )
        digest = sha256_hex(request.image_data)
        if request.image_sha256 != digest:
            raise DigestError(
                'sha256 of the hard frame', request.image_sha256, digest, 'send it again'
            )


def _encoded(answer: Segmentation) -> tuple[bytes, bytes]:
    return encode_map(answer.labels), encode_confidence(answer.confidence)
