from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import LabelConfig
from laecips_core.labels import sam3_labels
from laecips_core.labels.sam3_labels import shared_out
from laecips_core.values import Prediction

IMAGE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
CATALOGUE = ClassCatalogue(('road', 'traffic_sign', 'sky'), ((0, 0, 0), (1, 1, 1), (2, 2, 2)))
EDGE = torch.tensor([0.2, 0.3, 0.5])[:, None, None].expand(3, 2, 2)


def shared(*claims: float) -> list[float]:
    whole = torch.tensor(claims)[:, None, None].expand(3, 4, 4)
    mixed = shared_out(whole, EDGE)
    assert mixed.shape == (3, 4, 4)
    assert torch.allclose(mixed, mixed[:, :1, :1].expand(3, 4, 4))
    return [float(share) for share in mixed[:, 0, 0]]


def test_a_pixel_that_no_text_claims_keeps_the_edges_prediction() -> None:
    assert shared(0, 0, 0) == pytest.approx([0.2, 0.3, 0.5])


def test_a_pixel_that_one_text_claims_wholly_gets_its_class() -> None:
    assert shared(0, 1, 0) == pytest.approx([0, 1, 0])


def test_half_a_claim_leaves_half_to_the_edge() -> None:
    assert shared(0.5, 0, 0) == pytest.approx([0.6, 0.15, 0.25])


def test_two_claims_share_a_pixel() -> None:
    assert shared(1, 1, 0) == pytest.approx([0.5, 0.5, 0])
    assert sum(shared(0.7, 0.4, 0.1)) == pytest.approx(1)


def test_labels_are_probabilities_in_the_order_of_the_classes(tiny_sam3: Path) -> None:
    source = sam3_labels.build(str(tiny_sam3), LabelConfig(), CATALOGUE)
    softmax = np.random.default_rng(1).dirichlet([1, 1, 1], (6, 8)).transpose(2, 0, 1)
    prediction = Prediction(softmax.astype(np.float32), (60, 80), 'edge')
    labels = source.labels(IMAGE, prediction)
    assert source.name == f'sam3:{tiny_sam3}'
    assert labels.softmax.shape == (3, 32, 32)
    assert labels.size_px == (60, 80)
    assert np.allclose(labels.softmax.sum(axis=0), 1, atol=1e-5)

    turned = ClassCatalogue(CATALOGUE.names[::-1], CATALOGUE.colours)
    other = sam3_labels.build(str(tiny_sam3), LabelConfig(), turned)
    mirrored = Prediction(np.ascontiguousarray(prediction.softmax[::-1]), (60, 80), 'edge')
    again = other.labels(IMAGE, mirrored)
    assert np.allclose(again.softmax[::-1], labels.softmax, atol=1e-5)
    assert not np.allclose(labels.softmax[0], labels.softmax[1], atol=1e-2)


def test_underscores_are_asked_as_spaces(tiny_sam3: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(sam3_labels, 'load_texts', lambda name, texts, *_: asked.extend(texts))
    sam3_labels.build(str(tiny_sam3), LabelConfig(), CATALOGUE)
    assert asked == ['road', 'traffic sign', 'sky']
