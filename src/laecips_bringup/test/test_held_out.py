from __future__ import annotations

import io

import numpy as np
from rich.console import Console
import torch
from torch import nn

from laecips_bringup.held_out import HeldOutScores
from laecips_bringup.held_out import print_scores
from laecips_bringup.held_out import score_held_out
from laecips_core.catalogue import ClassCatalogue
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame

CATALOGUE = ClassCatalogue(('dark', 'bright', 'never'), ((0, 0, 0), (9, 9, 9), (5, 5, 5)))


class Threshold(nn.Module):
    """Calls a pixel bright above 128; needs no training."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        bright = images[:, :1] - 128.0
        never = torch.full_like(bright, -1000.0)
        return torch.cat([-bright, bright, never], dim=1)


class Halves:
    name = 'halves'
    catalogue = CATALOGUE

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> LabelledFrame:
        labels = np.zeros((16, 16), np.uint8)
        labels[:, 8:] = 1
        image = np.repeat(labels[..., None] * np.uint8(255), 3, axis=2)
        if index == 1:
            labels = 1 - labels
        return LabelledFrame(Frame(image, index, f'f{index}'), labels)


def test_scores_are_of_the_held_out_frames_only() -> None:
    plan = NetworkPlan(Threshold, 3, (16, 16))
    weights = build_pair(plan, None, seed=0).weights()
    right = score_held_out(plan, weights, Halves(), [0, 2])
    assert right.miou_dataset == 1.0
    np.testing.assert_allclose(right.class_iou, [1.0, 1.0, np.nan])
    assert right.confidences.shape == (2,)
    assert score_held_out(plan, weights, Halves(), [1]).miou_dataset == 0.0
    half = score_held_out(plan, weights, Halves(), [0, 1])
    np.testing.assert_allclose(half.class_iou, [1 / 3, 1 / 3, np.nan])


def test_absent_classes_and_the_threshold_dial_are_printed() -> None:
    console = Console(file=io.StringIO(), width=80)
    scores = HeldOutScores(0.5, np.array([0.25, 0.75, np.nan]), np.linspace(0.0, 1.0, 11))
    print_scores(scores, CATALOGUE, console)
    text = console.file.getvalue()
    assert 'held-out data-set mIoU: 0.500' in text
    assert 'absent' in text
    rows = [line.split() for line in text.splitlines() if '%' in line]
    assert [(row[1], row[3]) for row in rows][:3] == [
        ('0.000', '0%'),
        ('0.100', '10%'),
        ('0.200', '20%'),
    ]
