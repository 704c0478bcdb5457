from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import UpdateConfig
from laecips_core.errors import DigestError
from laecips_core.errors import LaecipsError
from laecips_core.errors import UnknownVersionError
from laecips_core.learning.live_watch import LiveWatch
from laecips_core.pipeline.cloud import CloudPass
from laecips_core.pipeline.cloud import CloudPipeline
from laecips_core.pipeline.cloud import HardFrame
from laecips_core.pipeline.running_cloud import Cloud
from laecips_core.values import Frame
from laecips_core.values import ModelWeights
from laecips_core.values import Prediction
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.store import VersionStore
from laecips_core.weights.transfer import DELTA_ENCODING
from laecips_core.weights.transfers import Transfers

LIMIT = 10**6
CATALOGUE = ClassCatalogue(('road',), ((1, 2, 3),))
REQUEST = HardFrame('dog/1', 'dog', 42, 'old', CATALOGUE.sha256, '', b'')


def update(number: float) -> WeightUpdate:
    weights = ModelWeights({'a': np.full((30, 30), number)}, {})
    return encode(weights, model='net', catalogue=CATALOGUE)


@dataclass
class Pipeline:
    """Stands in for the pass over a frame: knows versions, and remembers what it was asked."""

    known: tuple[str, ...] = ()
    error: LaecipsError | None = None
    asked: list[HardFrame] = field(default_factory=list)

    def segment(self, request: HardFrame) -> CloudPass:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        if request.weights_version not in self.known:
            raise UnknownVersionError('version', 'a known one', request.weights_version)
        return cast('CloudPass', request.weights_version)


def predict(version: str, frame: Frame) -> Prediction:
    raise NotImplementedError


def cloud(pipeline: Pipeline) -> Cloud:
    store = VersionStore(None, 4, LIMIT)
    store.put(update(1))
    store.put(update(2))
    return Cloud(
        cast('CloudPipeline', pipeline),
        store,
        None,
        LiveWatch(UpdateConfig(), 1, predict),
        CATALOGUE,
        Transfers(store.get, lambda held: decode(held, LIMIT)),
    )


NEWEST = update(2).manifest.version


def test_a_frame_is_segmented_with_the_weights_of_its_edge() -> None:
    pipeline = Pipeline(('old', NEWEST))
    for training_only in (False, True):
        request = replace(REQUEST, training_only=training_only)
        assert cast('str', cloud(pipeline).segment(request)) == 'old'
    assert [request.weights_version for request in pipeline.asked] == ['old', 'old']


def test_a_frame_whose_mask_is_waited_for_needs_the_weights_of_its_edge() -> None:
    pipeline = Pipeline((NEWEST,))
    with pytest.raises(UnknownVersionError, match='got old'):
        cloud(pipeline).segment(REQUEST)
    assert pipeline.asked == [REQUEST]


def test_a_frame_for_training_takes_the_newest_weights_where_its_own_have_gone() -> None:
    pipeline = Pipeline((NEWEST,))
    request = replace(REQUEST, training_only=True)
    assert cast('str', cloud(pipeline).segment(request)) == NEWEST
    assert pipeline.asked == [request, replace(request, weights_version=NEWEST)]


def test_other_errors_of_a_frame_for_training_are_told() -> None:
    pipeline = Pipeline(error=DigestError('a', 'b', 'c'))
    with pytest.raises(DigestError):
        cloud(pipeline).segment(replace(REQUEST, training_only=True))
    assert len(pipeline.asked) == 1


def test_a_transfer_without_a_version_is_of_the_running_one() -> None:
    assert cloud(Pipeline()).transfer('', '') == update(2)
    assert cloud(Pipeline()).transfer(update(1).manifest.version, '') == update(1)


def test_a_transfer_to_who_holds_a_version_is_a_delta() -> None:
    sent = cloud(Pipeline()).transfer('', update(1).manifest.version)
    assert (sent.manifest.encoding, sent.manifest.version) == (DELTA_ENCODING, NEWEST)


def test_a_transfer_of_an_unknown_version_is_refused() -> None:
    with pytest.raises(UnknownVersionError):
        cloud(Pipeline()).transfer('f' * 12, '')
