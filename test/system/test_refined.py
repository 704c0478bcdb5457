"""With the provisional policy a hard frame has its own mask at once, and a fused one later."""

from __future__ import annotations

import os
from pathlib import Path
import time

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Bool
from std_msgs.msg import Header

from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.ros_domain import private_domain
from laecips_msgs.msg import Report
from laecips_ros import qos
from laecips_ros.conversions import image_from_rgb
from laecips_ros.conversions import ns_to_stamp

_WAIT_S = 60.0


# A deadline that the cloud cannot meet makes the fused mask a late answer; both must be published.
@pytest.mark.parametrize('deadline_s', [60.0, 0.01])
def test_a_hard_frame_has_its_mask_at_once_and_a_fused_one_later(
    tmp_path: Path, deadline_s: float
) -> None:
    edge = {
        'miner.name': 'always',
        'uplink.policy': 'provisional',
        'uplink.deadline_s': deadline_s,
    }
    programs = [cloud_program({'update.rule': 'none'}), edge_program(edge)]
    with private_domain(os.getpid()), NodeProcesses(programs, tmp_path) as processes:
        reports, refined = _feed_one(processes)
    assert [(r.source, r.refined) for r in reports] == [(Report.EDGE, False), (Report.FUSED, True)]
    assert reports[0].bytes_up == 0
    assert reports[1].bytes_up > 1000
    assert [mask.header.stamp.nanosec for mask in refined] == [7]


def _feed_one(processes: NodeProcesses) -> tuple[list[Report], list[Image]]:
    context = Context()
    rclpy.init(context=context)
    node, executor = Node('refined', context=context), SingleThreadedExecutor(context=context)
    executor.add_node(node)
    reports: list[Report] = []
    refined: list[Image] = []
    ready: list[bool] = []
    images = node.create_publisher(Image, 'image', qos.masks())
    node.create_subscription(Report, 'edge/report', reports.append, qos.masks())
    node.create_subscription(Image, 'edge/refined_mask', refined.append, qos.masks())
    node.create_subscription(
        Bool, 'edge/cloud_ready', lambda msg: ready.append(msg.data), qos.latched()
    )
    ends_s, sent = time.monotonic() + _WAIT_S, False
    while not (len(reports) == 2 and refined):
        assert time.monotonic() < ends_s, (reports, len(refined), ready)
        processes.check()
        executor.spin_once(timeout_sec=0.2)
        if not sent and True in ready and images.get_subscription_count() == 1:
            pixels = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
            images.publish(image_from_rgb(pixels, Header(stamp=ns_to_stamp(7))))
            sent = True
    executor.shutdown()
    node.destroy_node()
    context.try_shutdown()
    return reports, refined
