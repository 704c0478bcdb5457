"""Requests and answers of the cloud's services, as values of the core."""

from __future__ import annotations

from laecips_cloud.rounds import RoundEvent
from laecips_core.errors import LaecipsError
from laecips_core.errors import UnknownVersionError
from laecips_core.learning.journal_file import JournalError
from laecips_core.pipeline.cloud import CloudPass
from laecips_core.pipeline.cloud import HardFrame
from laecips_msgs.msg import TrainingRound
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.conversions import stamp_to_ns


def hard_frame_of(request: SegmentHardFrame.Request) -> HardFrame:
    """Read a request; nothing in it is trusted yet."""
    return HardFrame(
        frame_uid=request.frame_uid,
        robot=request.robot,
        stamp_ns=stamp_to_ns(request.stamp),
        weights_version=request.weights_version,
        catalogue_sha256=request.catalogue_sha256,
        image_sha256=request.image_sha256,
        image_data=bytes(request.image_data),
        training_only=request.training_only,
    )


def fill_answer(
    response: SegmentHardFrame.Response, done: CloudPass, known: bool, training_round: int
) -> None:
    """
    Write what the cloud made of a frame into its answer.

    :param response: the answer.
    :param done: the pass over the frame.
    :param known: whether the frame was here before.
    :param training_round: rounds started so far.
    """
    response.status = SegmentHardFrame.Response.OK
    response.weights_version = done.sample.segmentation.weights_version
    response.mask_generator = done.masks.generator
    response.mask_count = len(done.masks)
    response.known = known
    response.label_png, response.confidence_png = done.label_png, done.confidence_png
    response.decode_s, response.edge_s = done.decode_s, done.edge_s
    response.masks_s, response.labels_s = done.masks_s, done.labels_s
    response.fusion_s = done.fusion_s
    response.training_round = training_round


def round_message(event: RoundEvent, version: str) -> TrainingRound:
    """
    Announce what happened to a round.

    :param event: what happened.
    :param version: weights that run after it.
    """
    return TrainingRound(
        training_round=event.number,
        state=int(event.state),
        samples=event.samples,
        version=version,
        reason=event.reason,
        duration_s=event.duration_s,
    )


def fill_refusal(
    response: SegmentHardFrame.Response | GetModelUpdate.Response, error: Exception
) -> None:
    """
    Write an error into an answer.

    :param response: the answer.
    :param error: a LaecipsError says what the request did wrong; a JournalError, and any other, is
        the cloud's fault.
    """
    kind = type(response)
    response.error = str(error) if isinstance(error, LaecipsError) else repr(error)
    if isinstance(error, UnknownVersionError):
        response.status = kind.UNKNOWN_VERSION
    elif isinstance(error, LaecipsError) and not isinstance(error, JournalError):
        response.status = kind.REFUSED
    else:
        response.status = kind.FAILED
