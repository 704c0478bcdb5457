from __future__ import annotations

from array import array

from builtin_interfaces.msg import Time
import numpy as np
import pytest

from laecips_cloud.answers import fill_answer
from laecips_cloud.answers import fill_refusal
from laecips_cloud.answers import hard_frame_of
from laecips_core.errors import DigestError
from laecips_core.errors import UnknownVersionError
from laecips_core.learning.journal_file import JournalError
from laecips_core.masks.runs import from_partition
from laecips_core.pipeline.cloud import CloudPass
from laecips_core.pipeline.cloud import HardFrame
from laecips_core.values import Frame
from laecips_core.values import Prediction
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame


@pytest.mark.parametrize('training_only', [False, True])
def test_a_request_is_read_whole(training_only: bool) -> None:
    request = SegmentHardFrame.Request(
        frame_uid='dog/1',
        robot='dog',
        stamp=Time(sec=1, nanosec=5),
        weights_version='v1',
        catalogue_sha256='c',
        image_sha256='s',
        image_data=array('B', b'jpeg'),
        training_only=training_only,
    )
    expected = HardFrame('dog/1', 'dog', 10**9 + 5, 'v1', 'c', 's', b'jpeg', training_only)
    assert hard_frame_of(request) == expected


@pytest.mark.parametrize('known', [False, True])
def test_an_answer_tells_whether_the_frame_is_known(known: bool) -> None:
    maps = np.zeros((2, 2), np.uint8)
    sample = Sample(
        Frame(np.zeros((2, 2, 3), np.uint8), 1, 'dog/1'),
        Segmentation(maps, maps, Source.FUSED, 'v1'),
    )
    prediction = Prediction(np.ones((1, 2, 2), np.float32), (2, 2), 'v1')
    masks = from_partition(np.zeros((2, 2), np.int64), generator='one')
    times_s = [0.5, 0.25, 2.0, 4.0, 8.0]
    response = SegmentHardFrame.Response(status=SegmentHardFrame.Response.FAILED)
    fill_answer(response, CloudPass(sample, prediction, masks, b'l', b'c', *times_s), known, 7)
    assert response.status == SegmentHardFrame.Response.OK
    assert response.known is known
    assert (response.weights_version, response.training_round) == ('v1', 7)
    assert (response.mask_generator, response.mask_count) == ('one', 1)
    assert (bytes(response.label_png), bytes(response.confidence_png)) == (b'l', b'c')
    spent_s = [response.decode_s, response.edge_s, response.masks_s, response.labels_s]
    assert [*spent_s, response.fusion_s] == times_s


@pytest.mark.parametrize('kind', [SegmentHardFrame, GetModelUpdate])
@pytest.mark.parametrize(
    ('error', 'status', 'text'),
    [
        (DigestError('a', 'b', 'c'), 'REFUSED', 'a: expected b, got c'),
        (UnknownVersionError('a', 'b', 'c'), 'UNKNOWN_VERSION', 'a: expected b, got c'),
        (JournalError('a', 'b', 'c'), 'FAILED', 'a: expected b, got c'),
        (RuntimeError('out of memory'), 'FAILED', "RuntimeError('out of memory')"),
    ],
)
def test_an_error_tells_whose_fault_it_is(
    kind: type, error: Exception, status: str, text: str
) -> None:
    response = kind.Response()
    fill_refusal(response, error)
    assert response.status == getattr(kind.Response, status)
    assert response.error == text
