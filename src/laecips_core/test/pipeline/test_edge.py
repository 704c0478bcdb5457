from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import math

import numpy as np
import pytest

from laecips_core.config import ControllerConfig
from laecips_core.mining.controller import FixedThreshold
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.edge import EdgePipeline
from laecips_core.pipeline.edge import predict
from laecips_core.values import ControllerState
from laecips_core.values import Frame
from laecips_core.values import Image
from laecips_core.values import Softmax
from laecips_core.values import Source
from laecips_core.values import WeightArrays

FRAME = Frame(np.zeros((4, 6, 3), np.uint8), 7, 'frame')


class Model:
    """Calls the left half its class, the right half class 0, with a given certainty."""

    device = 'test'

    def __init__(self, label: int, on_predict: Callable[[], None] = lambda: None) -> None:
        self.name = f'model {label}'
        self._label = label
        self._on_predict = on_predict

    def predict(self, images: Sequence[Image]) -> Softmax:
        self._on_predict()
        softmax = np.full((len(images), 3, 4, 6), 0.1, np.float32)
        softmax[:, self._label, :, :3] = 0.8
        softmax[:, 0, :, 3:] = 0.8
        return softmax

    def load_weights(self, arrays: WeightArrays) -> None:
        raise NotImplementedError

    def weights(self) -> WeightArrays:
        raise NotImplementedError


class Miner:
    """Gives the same confidence always."""

    def __init__(self, name: str, confidence: float) -> None:
        self.name = name
        self._confidence = confidence

    def confidence(self, softmax: Softmax) -> float:
        assert softmax.shape == (3, 4, 6)
        return self._confidence


class Controller:
    """Gives δ and keeps what it is told."""

    name = 'test'

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self.told: list[tuple[float, bool, float, int]] = []

    def threshold(self) -> float:
        return self._threshold

    def judged(self, confidence: float, hard: bool, delay_s: float, stamp_ns: int) -> None:
        self.told.append((confidence, hard, delay_s, stamp_ns))

    def answered(self, delay_s: float, bytes_up: int) -> None:
        raise NotImplementedError

    def configure(self, config: ControllerConfig, threshold: float) -> None:
        raise NotImplementedError

    def state(self) -> ControllerState:
        return ControllerState(self._threshold, 0.4, 0.25)


def fixed(threshold: float) -> FixedThreshold:
    return FixedThreshold(ControllerConfig(), threshold)


def parts(number: int, on_predict: Callable[[], None] = lambda: None) -> EdgeParts:
    return EdgeParts(Model(number, on_predict), Miner(f'miner {number}', number / 4), f'v{number}')


def test_a_frame_is_predicted_judged_and_labelled() -> None:
    done = EdgePipeline(parts(1), fixed(0.2)).process(FRAME)
    assert done.frame is FRAME
    assert (done.prediction.size_px, done.prediction.weights_version) == ((4, 6), 'v1')
    assert (done.verdict.confidence, done.verdict.threshold) == (0.25, 0.2)
    assert (done.verdict.miner, done.verdict.hard) == ('miner 1', False)
    assert done.segmentation.labels.tolist() == [[1, 1, 1, 0, 0, 0]] * 4
    assert (done.segmentation.confidence == round(0.8 * 255)).all()
    assert done.segmentation.source is Source.EDGE
    assert done.segmentation.weights_version == 'v1'
    assert done.edge_s > 0.0


@pytest.mark.parametrize(('threshold', 'hard'), [(0.2499, False), (0.25, True), (0.2501, True)])
def test_a_frame_at_the_threshold_is_hard(threshold: float, hard: bool) -> None:
    assert EdgePipeline(parts(1), fixed(threshold)).process(FRAME).verdict.hard is hard


def test_the_threshold_may_be_set_while_running() -> None:
    pipeline = EdgePipeline(parts(1), fixed(0.0))
    assert not pipeline.process(FRAME).verdict.hard
    pipeline.controller.configure(ControllerConfig(), 1.0)
    assert pipeline.threshold == 1.0
    verdict = pipeline.process(FRAME).verdict
    assert (verdict.hard, verdict.threshold) == (True, 1.0)


def test_the_controller_is_told_of_every_frame_with_its_wait() -> None:
    controller = Controller(0.3)
    pipeline = EdgePipeline(parts(1), controller)
    done = pipeline.process(FRAME, waited_s=2.0)
    pipeline.process(FRAME)
    assert (done.verdict.threshold, done.verdict.hard) == (0.3, True)
    assert controller.told[0] == (0.25, True, 2.0 + done.edge_s, 7)
    assert 0.0 < controller.told[1][2] < 2.0


def test_a_pipeline_says_how_it_judges_and_what_its_controller_does() -> None:
    pipeline = EdgePipeline(parts(1), Controller(0.3))
    assert math.isnan(float(str(pipeline.facts()['confidence'])))
    done = pipeline.process(FRAME)
    assert pipeline.facts() == {
        'weights_version': 'v1',
        'confidence': done.verdict.confidence,
        'threshold': 0.3,
        'controller': 'test',
        'target_rate': 0.4,
        'upload_rate': 0.25,
    }


def test_a_swap_takes_effect_on_the_next_frame() -> None:
    pipeline = EdgePipeline(parts(1), fixed(0.5))
    assert pipeline.process(FRAME).segmentation.labels[0, 0] == 1
    pipeline.swap(parts(2))
    assert pipeline.weights_version == 'v2'
    done = pipeline.process(FRAME)
    assert (done.segmentation.labels[0, 0], done.verdict.miner) == (2, 'miner 2')


def test_a_swap_during_a_frame_leaves_that_frame_to_one_version() -> None:
    pipeline = EdgePipeline(parts(2), fixed(0.5))
    pipeline.swap(parts(1, on_predict=lambda: pipeline.swap(parts(2))))
    done = pipeline.process(FRAME)
    assert pipeline.weights_version == 'v2'
    assert (done.prediction.weights_version, done.segmentation.weights_version) == ('v1', 'v1')
    assert (done.segmentation.labels[0, 0], done.verdict.miner) == (1, 'miner 1')
    assert pipeline.process(FRAME).prediction.weights_version == 'v2'


def test_a_prediction_carries_size_and_version() -> None:
    prediction = predict(parts(1), FRAME)
    assert prediction.softmax.shape == (3, 4, 6)
    assert (prediction.size_px, prediction.weights_version) == ((4, 6), 'v1')


def test_the_last_image_is_kept_for_the_next_self_check() -> None:
    pipeline = EdgePipeline(parts(1), fixed(0.5))
    assert pipeline.last_image is None
    pipeline.process(FRAME)
    assert pipeline.last_image is FRAME.image


def test_proven_parts_are_what_may_be_returned_to() -> None:
    start = parts(1)
    running = EdgePipeline(start, fixed(0.5)).running
    assert (running.parts, running.good, running.frames_left) == (start, start, 0)
