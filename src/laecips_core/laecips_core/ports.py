"""The ports of the core: what a plugged-in part must be able to do."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Protocol

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import ControllerConfig
from laecips_core.values import ControllerState
from laecips_core.values import Image
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet
from laecips_core.values import ModelWeights
from laecips_core.values import Prediction
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays


class EdgeModel(Protocol):
    """The small segmentation model f."""

    name: str
    engine: str
    """What runs it, as ``model.engine`` names it."""

    @property
    def device(self) -> str:
        """What the model really runs on."""

    def predict(self, images: Sequence[Image]) -> Softmax:
        """
        Label a batch of images.

        :param images: N images of one size, each (H, W, 3) uint8 RGB.
        :returns: (N, M, H', W') float32 softmax.
        """

    def load_weights(self, arrays: WeightArrays) -> None:
        """
        Replace all weights.

        :param arrays: every tensor of the model by name.
        :raises WeightsError: when a name or shape does not fit; the old weights stay.
        """

    def weights(self) -> WeightArrays:
        """Give copies of all weights by name."""


class MaskGenerator(Protocol):
    """The large vision model: exact but nameless regions."""

    name: str

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        """
        Cut an image into regions.

        :param image: (H, W, 3) uint8 RGB.
        :param annotation: (H, W) uint8 class ids; only the ground-truth generator reads it.
        :returns: the masks; none is valid.
        """


class Miner(Protocol):
    """The hard input miner h."""

    name: str

    def confidence(self, softmax: Softmax) -> float:
        """
        Judge one prediction.

        :param softmax: (M, H', W') float32.
        :returns: h in [0, 1]; larger is easier.
        """


class ThresholdController(Protocol):
    """
    What turns δ on a running stream, from the past alone.

    One thread asks and tells of frames in their order; others may call the rest meanwhile.
    """

    name: str

    def threshold(self) -> float:
        """Give δ in [0, 1] for the next frame; asking twice changes nothing."""

    def judged(self, confidence: float, hard: bool, delay_s: float, stamp_ns: int) -> None:
        """
        Learn of a frame that was judged by the last :meth:`threshold`; once for each frame.

        :param confidence: h of the frame.
        :param hard: the verdict.
        :param delay_s: from the frame's arrival to the verdict, in seconds.
        :param stamp_ns: capture time in ns, of the camera's clock.
        """

    def answered(self, delay_s: float, bytes_up: int) -> None:
        """
        Learn of a hard frame that was settled, by an answer or without.

        :param delay_s: from the frame's arrival to its settlement, in seconds.
        :param bytes_up: encoded image sent, in bytes; 0 when it was not sent.
        """

    def configure(self, config: ControllerConfig, threshold: float) -> None:
        """
        Change the targets from the next frame on; name and window stay.

        :param config: checked settings.
        :param threshold: δ in [0, 1] as people set it; only the fixed controller reads it.
        """

    def state(self) -> ControllerState:
        """Say what it aims at and what it got."""


class Fuser(Protocol):
    """Joins edge classes and nameless masks (Eq. 1)."""

    name: str

    def fuse(self, prediction: Prediction, masks: MaskSet) -> Segmentation:
        """
        Name the masks.

        :param prediction: the edge model's prediction of the same frame.
        :param masks: the large vision model's masks of the same frame.
        :returns: a segmentation of source FUSED.
        :raises ShapeError: when prediction and masks are of different frame sizes.
        """


class LabelSource(Protocol):
    """Gives the classes of training labels; masks and fusion then sharpen them."""

    name: str

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        """
        Label an uploaded frame.

        :param image: (H, W, 3) uint8 RGB.
        :param prediction: the edge model's prediction of the same frame.
        :returns: class probabilities of the frame, at any resolution, in the edge's classes.
        """


class LargeModelMemory(Protocol):
    """Stands in front of the large models and answers again what it was asked before."""

    def masks(self, generator: MaskGenerator) -> MaskGenerator:
        """Put the memory in front of a mask generator."""

    def labels(self, source: LabelSource) -> LabelSource:
        """Put the memory in front of a label source."""


class UpdateRule(Protocol):
    """Turns a buffer of samples into candidate weights."""

    name: str

    def round(
        self,
        start: ModelWeights,
        samples: Sequence[Sample],
        source: Sequence[LabelledFrame],
        seed: int,
        checkpoint: Callable[[], None] = ...,
    ) -> ModelWeights:
        """
        Train once; deterministic for a given seed on one machine.

        :param start: the running weights.
        :param samples: hard frames with fused labels, oldest first; never empty.
        :param source: annotated frames of the pretraining domain; may be empty.
        :param seed: of every random choice in the round.
        :param checkpoint: called before every step; what it raises ends the round.
        :returns: the candidate.
        """


class DataSet(Protocol):
    """Annotated frames in chronological order."""

    name: str
    catalogue: ClassCatalogue

    def __len__(self) -> int:
        """Count the frames."""

    def __getitem__(self, index: int) -> LabelledFrame:
        """
        Give one frame; the same index gives the same frame always.

        :raises IndexError: past the end.
        """

    def stamp_ns(self, index: int) -> int:
        """
        Give the capture time of one frame without loading it.

        :returns: ns, the stamp of ``self[index].frame``.
        :raises IndexError: past the end.
        """
