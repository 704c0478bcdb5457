from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
import pytest

from laecips_core.config import ControllerConfig
from laecips_core.mining.controller import FixedThreshold
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.edge import EdgePipeline
from laecips_core.pipeline.probation import OnProbation
from laecips_core.values import Frame
from laecips_core.values import Image
from laecips_core.values import Softmax
from laecips_core.values import WeightArrays


class Model:
    """Calls every pixel its class, and fails on images of a given value."""

    device = 'test'

    def __init__(self, label: int, bad_value: int = -1, fault: float | Exception = 0.0) -> None:
        self.name = f'model {label}'
        self._label, self._bad_value, self._fault = label, bad_value, fault

    def predict(self, images: Sequence[Image]) -> Softmax:
        softmax = np.full((len(images), 3, 2, 2), 0.1, np.float32)
        softmax[:, self._label] = 0.8
        if int(images[0][0, 0, 0]) == self._bad_value:
            if isinstance(self._fault, Exception):
                raise self._fault
            softmax[0, 0, 0, 0] = self._fault
        return softmax

    def load_weights(self, arrays: WeightArrays) -> None:
        raise NotImplementedError

    def weights(self) -> WeightArrays:
        raise NotImplementedError


class Miner:
    """Sure of everything, but where it is made to fail."""

    name = 'test'

    def __init__(self, confidence: float = 0.9) -> None:
        self._confidence = confidence

    def confidence(self, softmax: Softmax) -> float:
        return self._confidence


class Events:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def on_proven(self, version: str) -> None:
        self.told.append((version, 'proven'))

    def on_returned(self, version: str, reason: str) -> None:
        self.told.append((version, reason))


GOOD = EdgeParts(Model(1), Miner(), 'good')


def frame(value: int = 0) -> Frame:
    return Frame(np.full((2, 2, 3), value, np.uint8), 0, str(value))


def pipeline_on_trial(
    parts: EdgeParts, frames: int = 3, good: EdgeParts = GOOD
) -> tuple[EdgePipeline, Events]:
    events = Events()
    pipeline = EdgePipeline(good, FixedThreshold(ControllerConfig(), 0.5))
    pipeline.run(OnProbation(parts, good, frames, events))
    return pipeline, events


def test_weights_without_a_fault_pass_after_their_frames() -> None:
    new = EdgeParts(Model(2), Miner(), 'new')
    pipeline, events = pipeline_on_trial(new)
    for left in (2, 1):
        assert pipeline.process(frame()).segmentation.weights_version == 'new'
        assert (pipeline.running.frames_left, events.told) == (left, [])
        assert pipeline.running.good is GOOD
    assert pipeline.process(frame()).segmentation.weights_version == 'new'
    assert (pipeline.running.frames_left, events.told) == (0, [('new', 'proven')])
    assert pipeline.running.good is new
    pipeline.process(frame())
    assert events.told == [('new', 'proven')]


@pytest.mark.parametrize(
    ('model', 'miner', 'reason'),
    [
        (Model(2, 7, RuntimeError('broken')), Miner(), 'broken'),
        (Model(2, 7, KeyError()), Miner(), 'KeyError()'),
        (Model(2, 7, math.nan), Miner(), 'softmax: expected finite numbers, got nan or inf'),
        (Model(2), Miner(math.nan), 'h: expected a finite number, got nan'),
    ],
)
def test_a_fault_brings_the_last_good_weights_back_for_the_same_frame(
    model: Model, miner: Miner, reason: str
) -> None:
    pipeline, events = pipeline_on_trial(EdgeParts(model, miner, 'new'))
    with np.errstate(invalid='ignore'):
        done = pipeline.process(frame(7))
    assert done.segmentation.labels.tolist() == [[1, 1], [1, 1]]
    assert done.segmentation.weights_version == done.prediction.weights_version == 'good'
    assert (done.verdict.confidence, done.verdict.hard) == (0.9, False)
    assert [version for version, _ in events.told] == ['new']
    assert reason in events.told[0][1]
    assert pipeline.weights_version == 'good'
    assert pipeline.running.frames_left == 0
    pipeline.process(frame(7))
    assert len(events.told) == 1


def test_a_frame_that_neither_can_judge_is_at_fault_itself() -> None:
    new = EdgeParts(Model(2, 7, RuntimeError('new')), Miner(), 'new')
    good = EdgeParts(Model(1, 7, RuntimeError('good')), Miner(), 'good')
    pipeline, events = pipeline_on_trial(new, good=good)
    with pytest.raises(RuntimeError, match='good'):
        pipeline.process(frame(7))
    assert (pipeline.weights_version, pipeline.running.frames_left) == ('new', 3)
    assert events.told == []


def test_proven_weights_are_not_watched() -> None:
    new = EdgeParts(Model(2, 7, RuntimeError('broken')), Miner(), 'new')
    pipeline, events = pipeline_on_trial(new, frames=1)
    pipeline.process(frame())
    with pytest.raises(RuntimeError, match='broken'):
        pipeline.process(frame(7))
    assert (pipeline.weights_version, events.told) == ('new', [('new', 'proven')])


def test_a_swap_during_the_frame_that_fails_stays() -> None:
    events = Events()

    class Swapping(Model):
        def predict(self, images: Sequence[Image]) -> Softmax:
            pipeline.swap(EdgeParts(Model(0), Miner(), 'newer'))
            raise RuntimeError('broken')

    pipeline = EdgePipeline(GOOD, FixedThreshold(ControllerConfig(), 0.5))
    pipeline.run(OnProbation(EdgeParts(Swapping(2), Miner(), 'new'), GOOD, 3, events))
    assert pipeline.process(frame()).segmentation.weights_version == 'good'
    assert pipeline.weights_version == 'newer'
