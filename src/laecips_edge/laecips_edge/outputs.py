"""What the edge node publishes."""

from __future__ import annotations

from time import perf_counter
from typing import ClassVar

import cv2
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_core.captioned_overlay import CaptionedOverlay
from laecips_core.catalogue import ClassCatalogue
from laecips_core.values import Image as Pixels
from laecips_core.values import Segmentation
from laecips_core.values import WeightManifest
from laecips_edge.call import CloudAnswer
from laecips_edge.call import JudgedFrame
from laecips_msgs.msg import LabelInfo
from laecips_msgs.msg import ModelVersion
from laecips_msgs.msg import Report
from laecips_ros import qos
from laecips_ros.conversions import image_from_map
from laecips_ros.conversions import image_from_rgb
from laecips_ros.conversions import label_info
from laecips_ros.conversions import manifest_to_msg
from laecips_ros.conversions import vision_label_info
from laecips_ros.counters import Counters


class Outputs:
    """
    The publishers of the edge node; any thread may publish.

    :param node: the edge node.
    :param catalogue: the classes; published latched at once.
    :param counters: ``masks`` counts the frames that got theirs.
    """

    rates: ClassVar = {
        'offered': 'input_fps',
        'processed': 'processing_fps',
        'masks': 'output_fps',
    }
    """What the rates of the edge's counters are called."""

    def __init__(self, node: Node, catalogue: ClassCatalogue, counters: Counters) -> None:
        """Open every topic and announce the classes."""
        self._node, self._counters = node, counters
        self._captioned = CaptionedOverlay(catalogue)
        self._mask = self._open(Image, '~/mask', qos.masks())
        self._confidence = self._open(Image, '~/confidence', qos.masks())
        self._refined = self._open(Image, '~/refined_mask', qos.masks())
        self._overlay = self._open(Image, '~/overlay', qos.masks())
        self._report = self._open(Report, '~/report', qos.masks())
        self._version = self._open(ModelVersion, '~/model_version', qos.latched())
        self._announce_classes(catalogue)

    def publish(
        self,
        judged: JudgedFrame,
        segmentation: Segmentation,
        *,
        answer: CloudAnswer | None = None,
        reason: str = '',
        bytes_up: int = 0,
    ) -> None:
        """
        Publish the one mask of a frame, with its report.

        :param judged: the frame.
        :param segmentation: its mask.
        :param answer: what the cloud said; None when it was not asked or did not answer.
        :param reason: why a hard frame fell back; empty otherwise.
        :param bytes_up: sent for it without an answer, in bytes.
        """
        header = judged.header
        self._mask.publish(image_from_map(segmentation.labels, header))
        self._counters.add('masks')
        if self._confidence.get_subscription_count() > 0:
            self._confidence.publish(image_from_map(segmentation.confidence, header))
        report = _report(judged, segmentation, answer)
        report.fallback_reason = reason
        report.bytes_up = report.bytes_up or bytes_up
        self._report.publish(report)
        if self._overlay.get_subscription_count() > 0:
            self._overlay.publish(image_from_rgb(self._drawn(judged, segmentation), header))

    def publish_refined(self, judged: JudgedFrame, answer: CloudAnswer) -> None:
        """
        Publish a fused mask after the frame's own mask went out.

        :param judged: the frame.
        :param answer: what the cloud said.
        """
        segmentation = answer.segmentation
        self._refined.publish(image_from_map(segmentation.labels, judged.header))
        report = _report(judged, segmentation, answer)
        report.refined = True
        self._report.publish(report)

    def publish_version(self, manifest: WeightManifest) -> None:
        """
        Announce the weights in use.

        :param manifest: of the weights.
        """
        self._version.publish(manifest_to_msg(manifest))

    def _drawn(self, judged: JudgedFrame, segmentation: Segmentation) -> Pixels:
        caption = f'{segmentation.source.name}  h {judged.edge.verdict.confidence:.2f}'
        return self._captioned.drawn(judged.edge.frame.image, segmentation.labels, caption)

    def _open(self, kind: type, topic: str, profile: QoSProfile) -> Publisher:
        return self._node.create_publisher(
            kind, topic, profile, qos_overriding_options=qos.overridable()
        )

    def _announce_classes(self, catalogue: ClassCatalogue) -> None:
        header = Header(stamp=self._node.get_clock().now().to_msg())
        self._classes = self._open(LabelInfo, '~/label_info', qos.latched())
        self._classes.publish(label_info(catalogue, header))
        standard = vision_label_info(catalogue, header)
        if standard is not None:
            topic = '~/vision_label_info'
            self._standard_classes = self._open(type(standard), topic, qos.latched())
            self._standard_classes.publish(standard)


def _report(judged: JudgedFrame, segmentation: Segmentation, answer: CloudAnswer | None) -> Report:
    verdict, edge = judged.edge.verdict, judged.edge
    report = Report(
        header=judged.header,
        frame_uid=judged.frame_uid,
        source=int(segmentation.source),
        hard=verdict.hard,
        confidence=float(verdict.confidence),
        threshold=float(verdict.threshold),
        miner=verdict.miner,
        weights_version=segmentation.weights_version,
        mask_confidence=cv2.mean(segmentation.confidence)[0] / 255.0,
        edge_s=edge.edge_s,
        total_s=perf_counter() - judged.arrived_s,
    )
    if answer is not None:
        report.cloud_s, report.cloud_compute_s = answer.cloud_s, answer.compute_s
        report.bytes_up, report.bytes_down = answer.bytes_up, answer.bytes_down
        report.training_round = answer.training_round
    return report
