"""A hard frame as the service carries it: request out, answer in."""

from __future__ import annotations

from typing import cast

from laecips_core.config import LimitsConfig
from laecips_core.config import UplinkConfig
from laecips_core.image_codec import decode_confidence
from laecips_core.image_codec import decode_map
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import sha256_hex
from laecips_core.image_header import ImageFormat
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_edge.call import CloudAnswer
from laecips_edge.call import JudgedFrame
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.conversions import ns_to_stamp

NO_ANSWER = 'no_answer'
"""Reason of a fallback when a bridge gave up waiting for the cloud."""

CLOUD_BUSY = 'cloud_busy'
"""Reason of a fallback when the cloud did not come to the frame in time."""

NOT_SENT = ('over_budget', 'no_link')
"""Reasons of a fallback whose frame a bridge has kept without sending a byte of it."""

_REASONS = {
    SegmentHardFrame.Response.REFUSED: 'refused',
    SegmentHardFrame.Response.UNKNOWN_VERSION: 'unknown_version',
    SegmentHardFrame.Response.FAILED: 'cloud_failed',
    SegmentHardFrame.Response.OVER_BUDGET: 'over_budget',
    SegmentHardFrame.Response.NO_LINK: 'no_link',
    SegmentHardFrame.Response.NO_ANSWER: NO_ANSWER,
    SegmentHardFrame.Response.BUSY: CLOUD_BUSY,
}


def request_of(
    frame: JudgedFrame, config: UplinkConfig, catalogue_sha256: str
) -> SegmentHardFrame.Request:
    """
    Encode a frame.

    :param frame: the frame.
    :param config: encoding, robot's name and deadline.
    :param catalogue_sha256: class catalogue of the edge, 64 hex digits.
    """
    core = frame.edge.frame
    image_format = cast('ImageFormat', config.image_format)
    data = encode_image(core.image, image_format, config.image_quality)
    return SegmentHardFrame.Request(
        frame_uid=core.frame_uid,
        robot=config.robot,
        stamp=ns_to_stamp(core.stamp_ns),
        weights_version=frame.edge.prediction.weights_version,
        catalogue_sha256=catalogue_sha256,
        image_sha256=sha256_hex(data),
        image_data=data,
        # Where the edge's own mask has gone out, a late answer is worth as much.
        deadline_s=0.0 if frame.provisional else config.deadline_s,
    )


def open_answer(
    response: SegmentHardFrame.Response,
    size_px: tuple[int, int],
    limits: LimitsConfig,
    *,
    cloud_s: float,
    bytes_up: int,
) -> CloudAnswer | str:
    """
    Decode what came back.

    :param response: untrusted.
    :param size_px: of the frame; the masks must have it.
    :param limits: bounds on the masks.
    :param cloud_s: from sending to the answer, in seconds.
    :param bytes_up: encoded image, in bytes.
    :returns: the answer, or why the frame falls back.
    :raises ImageError: when a mask cannot be used.
    """
    if response.status != SegmentHardFrame.Response.OK:
        return _REASONS.get(response.status, 'bad_answer')
    labels = decode_map(bytes(response.label_png), size_px, limits)
    confidence = decode_confidence(bytes(response.confidence_png), size_px, limits)
    return CloudAnswer(
        Segmentation(labels, confidence, Source.FUSED, response.weights_version),
        cloud_s,
        _compute_s(response),
        bytes_up,
        len(response.label_png) + len(response.confidence_png),
        response.training_round,
    )


def _compute_s(response: SegmentHardFrame.Response) -> float:
    models_s = response.edge_s + response.masks_s + response.labels_s
    return float(response.decode_s + models_s + response.fusion_s)
