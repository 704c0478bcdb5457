"""What the cloud shows to people beside it; robots' own pictures do not cross the link."""

from __future__ import annotations

from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_core.captioned_overlay import CaptionedOverlay
from laecips_core.catalogue import ClassCatalogue
from laecips_core.pipeline.cloud import CloudPass
from laecips_ros import qos
from laecips_ros.conversions import image_from_rgb
from laecips_ros.conversions import ns_to_stamp

_NAME_CHARACTERS = 32


class Pictures:
    """
    Publishes each hard frame with the fused labels it trains on, while someone listens.

    Where the answer carries the edge model's classes and the label source says others, it is
    these that are shown.

    :param node: the cloud node.
    :param catalogue: the classes.
    """

    def __init__(self, node: Node, catalogue: ClassCatalogue) -> None:
        """Open the topic."""
        self._overlay = CaptionedOverlay(catalogue)
        self._publisher = node.create_publisher(
            Image, '~/overlay', qos.masks(), qos_overriding_options=qos.overridable()
        )

    def publish(self, done: CloudPass, robot: str) -> None:
        """
        Show one frame; the caption names robot, mask generator and number of masks.

        :param done: the pass over the frame.
        :param robot: who sent it; also the picture's ``frame_id``.
        """
        if self._publisher.get_subscription_count() == 0:
            return
        frame, labels = done.sample.frame, done.sample.segmentation.labels
        name, masks = robot[:_NAME_CHARACTERS], done.masks
        caption = f'FUSED  {name}  {masks.generator}  {len(masks)} masks'
        header = Header(stamp=ns_to_stamp(frame.stamp_ns), frame_id=name)
        picture = self._overlay.drawn(frame.image, labels, caption)
        self._publisher.publish(image_from_rgb(picture, header))
