from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import FusionConfig
from laecips_core.config import LimitsConfig
from laecips_core.config import MinerConfig
from laecips_core.errors import CatalogueMismatchError
from laecips_core.errors import DigestError
from laecips_core.errors import ImageError
from laecips_core.errors import ImageTooLargeError
from laecips_core.errors import UnknownVersionError
from laecips_core.fusion.algorithm1 import PlainFusion
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_confidence
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import sha256_hex
from laecips_core.labels.edge_labels import EdgeLabels
from laecips_core.masks.runs import from_partition
from laecips_core.mining.confidence import SppMiner
from laecips_core.pipeline.cloud import CloudPipeline
from laecips_core.pipeline.cloud import FrameUidError
from laecips_core.pipeline.cloud import HardFrame
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.ports import LabelSource
from laecips_core.values import Image
from laecips_core.values import LabelMap
from laecips_core.values import MaskSet
from laecips_core.values import Prediction
from laecips_core.values import Softmax
from laecips_core.values import Source
from laecips_core.values import WeightArrays

CATALOGUE = ClassCatalogue(('road', 'tree'), ((1, 2, 3), (4, 5, 6)))
IMAGE = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
PNG = encode_image(IMAGE, 'png', 1)
REQUEST = HardFrame('dog/1', 'dog', 42, 'v1', CATALOGUE.sha256, sha256_hex(PNG), PNG)


class Model:
    """Calls every pixel class 1 but the first column."""

    name = 'test'
    device = 'test'

    def predict(self, images: Sequence[Image]) -> Softmax:
        softmax = np.full((len(images), 2, 4, 6), 0.2, np.float32)
        softmax[:, 1] = 0.8
        softmax[..., 0] = softmax[:, ::-1, :, 0]
        return softmax

    def load_weights(self, arrays: WeightArrays) -> None:
        raise NotImplementedError

    def weights(self) -> WeightArrays:
        raise NotImplementedError


class Teacher:
    """Calls every pixel class 0, and remembers what it saw."""

    name = 'teacher:test'

    def __init__(self) -> None:
        self.seen: list[tuple[Image, Prediction]] = []

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        self.seen.append((image, prediction))
        softmax = np.full((2, 2, 3), 0.1, np.float32)
        softmax[0] = 0.9
        return Prediction(softmax, prediction.size_px, 'taught')


class Generator:
    """Gives the left half as its one mask, and remembers what it saw."""

    name = 'halves'

    def __init__(self) -> None:
        self.seen: list[tuple[Image, LabelMap | None]] = []

    def masks(self, image: Image, annotation: LabelMap | None = None) -> MaskSet:
        self.seen.append((image, annotation))
        regions = np.full(image.shape[:2], -1)
        regions[:, : image.shape[1] // 2] = 0
        return from_partition(regions, generator=self.name)


def parts_of(version: str) -> EdgeParts:
    if version != 'v1':
        raise UnknownVersionError('version', 'v1', version)
    return EdgeParts(Model(), SppMiner(MinerConfig()), version)


def pipeline(
    generator: Generator | None = None,
    limits: LimitsConfig | None = None,
    annotations: dict[int, LabelMap] | None = None,
    labels: LabelSource | None = None,
    answer_labels: bool = False,
) -> CloudPipeline:
    return CloudPipeline(
        CATALOGUE,
        parts_of,
        generator or Generator(),
        PlainFusion(FusionConfig(name='plain')),
        labels or EdgeLabels(),
        answer_labels,
        (annotations or {}).get,
        limits or LimitsConfig(),
    )


def with_data(data: bytes) -> HardFrame:
    return replace(REQUEST, image_data=data, image_sha256=sha256_hex(data))


def test_a_hard_frame_is_fused() -> None:
    done = pipeline().segment(REQUEST)
    frame, fused = done.sample.frame, done.sample.segmentation
    np.testing.assert_array_equal(frame.image, IMAGE)
    assert (frame.stamp_ns, frame.frame_uid) == (42, 'dog/1')
    # The mask over the left half names the first column after its two neighbours.
    assert (fused.labels == 1).all()
    assert (fused.source, fused.weights_version) == (Source.FUSED, 'v1')
    assert (len(done.masks), done.masks.generator) == (1, 'halves')


def test_labels_are_encoded_without_loss_and_confidence_coarsely() -> None:
    done = pipeline().segment(REQUEST)
    fused = done.sample.segmentation
    labels = decode_map(done.label_png, (4, 6), LimitsConfig())
    np.testing.assert_array_equal(labels, fused.labels)
    assert done.confidence_png == encode_confidence(fused.confidence)


def test_the_times_are_told() -> None:
    done = pipeline().segment(REQUEST)
    spent_s = [done.decode_s, done.edge_s, done.masks_s, done.labels_s, done.fusion_s]
    assert min(spent_s) > 0.0
    assert done.total_s == pytest.approx(sum(spent_s))


def test_without_a_label_source_beside_the_edge_the_answer_is_what_is_trained_on() -> None:
    for answer_labels in (False, True):
        done = pipeline(answer_labels=answer_labels).segment(REQUEST)
        labels = decode_map(done.label_png, (4, 6), LimitsConfig())
        np.testing.assert_array_equal(labels, done.sample.segmentation.labels)
        assert (labels == 1).all()


@pytest.mark.parametrize(('answer_labels', 'answered'), [(False, 1), (True, 0)])
def test_the_sample_carries_the_classes_of_the_label_source(
    answer_labels: bool, answered: int
) -> None:
    done = pipeline(labels=Teacher(), answer_labels=answer_labels).segment(REQUEST)
    sample = done.sample.segmentation
    assert (sample.labels == 0).all()
    assert (sample.source, sample.weights_version) == (Source.FUSED, 'v1')
    labels = decode_map(done.label_png, (4, 6), LimitsConfig())
    assert (labels == answered).all()
    assert done.prediction.weights_version == 'v1'
    taught = done.confidence_png == encode_confidence(sample.confidence)
    assert taught is answer_labels


def test_the_label_source_sees_the_image_and_the_prediction_of_the_edge() -> None:
    teacher = Teacher()
    done = pipeline(labels=teacher).segment(REQUEST)
    ((image, prediction),) = teacher.seen
    np.testing.assert_array_equal(image, IMAGE)
    assert prediction is done.prediction


def test_the_generator_sees_image_and_annotation_of_the_stamp() -> None:
    generator, annotation = Generator(), np.ones((4, 6), np.uint8)
    segment = pipeline(generator, annotations={42: annotation}).segment
    segment(REQUEST)
    segment(replace(REQUEST, stamp_ns=43))
    np.testing.assert_array_equal(generator.seen[0][0], IMAGE)
    assert generator.seen[0][1] is annotation
    assert generator.seen[1][1] is None


def test_another_catalogue_is_refused() -> None:
    match = 'class catalogue of the hard frame: expected .*, got f{64}; start edge and cloud with'
    with pytest.raises(CatalogueMismatchError, match=match):
        pipeline().segment(replace(REQUEST, catalogue_sha256='f' * 64))


def test_another_digest_is_refused_before_decoding() -> None:
    match = f'sha256 of the hard frame: expected {"0" * 64}, got {sha256_hex(PNG)}; send it again'
    with pytest.raises(DigestError, match=match):
        pipeline().segment(replace(REQUEST, image_sha256='0' * 64))


def test_a_changed_image_is_refused_by_its_digest() -> None:
    with pytest.raises(DigestError, match='sha256 of the hard frame'):
        pipeline().segment(replace(REQUEST, image_data=PNG[:-1] + b'x'))


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(UnknownVersionError, match='version: expected v1, got v2'):
        pipeline().segment(replace(REQUEST, weights_version='v2'))


def test_too_many_bytes_are_refused() -> None:
    limits = replace(LimitsConfig(), max_image_bytes=len(PNG) - 1)
    match = f'image data: expected at most {len(PNG) - 1} bytes, got {len(PNG)}'
    with pytest.raises(ImageTooLargeError, match=match):
        pipeline(limits=limits).segment(REQUEST)


def test_too_many_pixels_are_refused() -> None:
    limits = replace(LimitsConfig(), max_image_pixels=23)
    with pytest.raises(
        ImageTooLargeError, match='image size: expected at most 23 pixels, got 4 x'
    ):
        pipeline(limits=limits).segment(REQUEST)


@pytest.mark.parametrize('length', [0, 7, len(PNG) // 2])
def test_a_truncated_image_is_refused(length: int) -> None:
    with pytest.raises(ImageError, match=r'^image '):
        pipeline().segment(with_data(PNG[:length]))


def test_a_refused_frame_reaches_no_large_model() -> None:
    generator, teacher = Generator(), Teacher()
    with pytest.raises(ImageError):
        pipeline(generator, labels=teacher).segment(with_data(b'no image'))
    assert generator.seen == []
    assert teacher.seen == []


def test_a_frame_for_training_gets_a_sample_and_no_encoded_mask() -> None:
    done = pipeline().segment(replace(REQUEST, training_only=True))
    assert (done.label_png, done.confidence_png) == (b'', b'')
    np.testing.assert_array_equal(
        done.sample.segmentation.labels, pipeline().segment(REQUEST).sample.segmentation.labels
    )


@pytest.mark.parametrize('length', [0, 257, 10**6])
def test_a_frame_uid_of_no_usable_length_is_refused(length: int) -> None:
    match = f'frame_uid: expected 1 to 256 characters, got {length}'
    with pytest.raises(FrameUidError, match=match):
        pipeline().segment(replace(REQUEST, frame_uid='x' * length))


@pytest.mark.parametrize('length', [1, 256])
def test_a_frame_uid_of_any_other_length_is_taken(length: int) -> None:
    done = pipeline().segment(replace(REQUEST, frame_uid='x' * length))
    assert done.sample.frame.frame_uid == 'x' * length
