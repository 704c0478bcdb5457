from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from laecips_core.errors import DataSetError
from laecips_core.errors import ShapeError
from laecips_core.metrics.iou import image_miou
from laecips_core.metrics.stream import StreamMetrics


def label_map(*labels: int) -> np.ndarray:
    return np.array([labels], np.uint8)


def add(
    metrics: StreamMetrics,
    labels: np.ndarray,
    truth: np.ndarray | None,
    *,
    uploaded: bool = False,
    latency_s: float = 0.0,
    **facts: Any,
) -> None:
    metrics.update(labels, truth, uploaded=uploaded, latency_s=latency_s, **facts)


def test_equation_25_is_the_mean_over_frames() -> None:
    random = np.random.default_rng(0)
    frames = [tuple(random.integers(0, 4, (2, 5, 6)).astype(np.uint8)) for _ in range(7)]
    metrics = StreamMetrics(4)
    for labels, truth in frames:
        add(metrics, labels, truth)
    expected = sum(image_miou(labels, truth, 4) for labels, truth in frames) / 7
    assert metrics.summary().miou == pytest.approx(expected)


def test_data_set_miou_is_of_one_matrix() -> None:
    metrics = StreamMetrics(2)
    add(metrics, np.zeros((1, 9), np.uint8), np.zeros((1, 9), np.uint8))
    add(metrics, label_map(1), label_map(0))
    summary = metrics.summary()
    assert summary.miou == 0.5
    assert summary.miou_dataset == pytest.approx(0.9)
    assert summary.per_class_iou == pytest.approx((0.9, 0.0))


def test_equation_26_is_the_share_of_uploads() -> None:
    metrics = StreamMetrics(2)
    for uploaded in (True, False, False, False):
        add(metrics, label_map(0), label_map(0), uploaded=uploaded)
    assert metrics.summary().upload_rate == 0.25


def test_equation_27_is_the_mean_latency() -> None:
    metrics = StreamMetrics(2)
    for latency_s in (0.1, 0.2, 0.3, 1.4):
        add(metrics, label_map(0), label_map(0), latency_s=latency_s)
    summary = metrics.summary()
    assert summary.latency_mean_s == pytest.approx(0.5)
    assert summary.latency_p50_s == pytest.approx(0.25)
    assert summary.latency_p95_s == pytest.approx(0.3 + 0.85 * 1.1)


def test_bytes_are_summed_and_versions_ordered() -> None:
    metrics = StreamMetrics(2)
    for version in ('b', 'a', 'b'):
        add(
            metrics,
            label_map(0),
            label_map(0),
            bytes_up=10,
            bytes_down=3,
            weights_version=version,
        )
    summary = metrics.summary()
    assert (summary.frames, summary.bytes_up, summary.bytes_down) == (3, 30, 9)
    assert summary.weights_versions == ('b', 'a')


def test_a_frame_without_annotation_counts_for_all_but_iou() -> None:
    metrics = StreamMetrics(2)
    add(metrics, label_map(0), label_map(0))
    add(metrics, label_map(0), None, uploaded=True)
    add(metrics, label_map(0), label_map(255), uploaded=True)
    summary = metrics.summary()
    assert summary.miou == 1.0
    assert summary.frames == 3
    assert summary.upload_rate == pytest.approx(2 / 3)


def test_no_annotation_at_all_is_nan() -> None:
    metrics = StreamMetrics(2)
    add(metrics, label_map(0), None)
    summary = metrics.summary()
    assert np.isnan([summary.miou, summary.miou_dataset, *summary.per_class_iou]).all()


def test_refuses_a_summary_of_nothing() -> None:
    metrics = StreamMetrics(2)
    with pytest.raises(DataSetError, match='stream: expected at least one frame, got 0'):
        metrics.summary()


def test_reset_forgets() -> None:
    metrics = StreamMetrics(2)
    add(metrics, label_map(0), label_map(0))
    metrics.reset()
    with pytest.raises(DataSetError):
        metrics.summary()


def test_a_refused_frame_adds_nothing() -> None:
    metrics = StreamMetrics(2)
    add(metrics, label_map(0), label_map(0))
    with pytest.raises(ShapeError):
        add(metrics, label_map(0, 1), label_map(0))
    assert metrics.summary().frames == 1
