"""Tests of the conversions of stamps, class catalogues and manifests."""

from __future__ import annotations

import importlib.util
import logging

from builtin_interfaces.msg import Time
import pytest
from rclpy.serialization import deserialize_message
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from laecips_core.catalogue import ClassCatalogue
from laecips_core.values import WeightManifest
from laecips_ros import conversions
from laecips_ros.conversions import label_info
from laecips_ros.conversions import manifest_from_msg
from laecips_ros.conversions import manifest_to_msg
from laecips_ros.conversions import ns_to_stamp
from laecips_ros.conversions import stamp_to_ns
from laecips_ros.conversions import vision_label_info

HEADER = Header(stamp=Time(sec=12, nanosec=34), frame_id='camera_optical')
CATALOGUE = ClassCatalogue(('floor', 'wall'), ((1, 2, 3), (250, 251, 252)))
HAS_VISION_MSGS = importlib.util.find_spec('vision_msgs') is not None


@pytest.mark.parametrize('stamp_ns', [0, 1, 999_999_999, 1_000_000_000, 1_700_000_000_123_456_789])
def test_stamp_survives_both_ways(stamp_ns: int) -> None:
    assert stamp_to_ns(ns_to_stamp(stamp_ns)) == stamp_ns


def test_label_info_holds_the_catalogue() -> None:
    msg = label_info(CATALOGUE, HEADER)
    assert msg.class_names == ['floor', 'wall']
    assert list(msg.colours) == [1, 2, 3, 250, 251, 252]
    assert msg.catalogue_sha256 == CATALOGUE.sha256
    assert msg.header == HEADER
    serialize_message(msg)


@pytest.mark.skipif(not HAS_VISION_MSGS, reason='vision_msgs is not installed')
def test_vision_label_info_holds_the_catalogue() -> None:
    msg = vision_label_info(CATALOGUE, HEADER)
    assert [(c.class_id, c.class_name) for c in msg.class_map] == [(0, 'floor'), (1, 'wall')]
    assert msg.threshold == 0.0
    assert msg.header == HEADER
    serialize_message(msg)


@pytest.mark.skipif(HAS_VISION_MSGS, reason='vision_msgs is installed')
def test_vision_label_info_is_absent_without_its_package(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    conversions._vision_messages.cache_clear()  # a node of another test may have asked before
    assert vision_label_info(CATALOGUE, HEADER) is None
    assert vision_label_info(CATALOGUE, HEADER) is None
    assert caplog.text.count('vision_msgs is not installed') == 1


def test_manifest_survives_both_ways() -> None:
    manifest = WeightManifest(
        model='fast_scnn',
        version='v2',
        parent='v1',
        catalogue_sha256='c' * 64,
        encoding='full',
        sha256='d' * 64,
        size_bytes=4_000_000_000,
    )
    msg = manifest_to_msg(manifest)
    assert msg.version == 'v2'
    wire = serialize_message(msg)
    assert manifest_from_msg(deserialize_message(wire, type(msg))) == manifest
