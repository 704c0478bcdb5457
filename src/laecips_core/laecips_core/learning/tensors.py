"""Frames and labels as training tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from laecips_core.engines.torch_engine import network_input
from laecips_core.values import Image
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap
from laecips_core.values import Sample
from laecips_core.values import UNLABELLED


@dataclass(frozen=True)
class TrainingSet:
    """
    Images and labels at the size of the network's input.

    :param images: (N, 3, h, w) uint8 RGB.
    :param labels: (N, h, w) uint8 class ids, 255 where not to be trained on.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        """Count the frames."""
        return int(self.images.shape[0])

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """
        Pick frames.

        :param rows: (B,) int64 positions.
        :returns: (B, 3, h, w) float32 in [0, 255], channels last, and (B, h, w) int64 labels.
        """
        images = self.images[rows].float().contiguous(memory_format=torch.channels_last)
        return images, self.labels[rows].long()

    def part(self, rows: Tensor) -> TrainingSet:
        """
        Pick frames as a set of their own.

        :param rows: (B,) int64 positions.
        """
        return TrainingSet(self.images[rows], self.labels[rows])


def joined(parts: Sequence[TrainingSet]) -> TrainingSet:
    """
    Put sets one after the other.

    :param parts: at least one, all of one size.
    """
    images = torch.cat([part.images for part in parts])
    return TrainingSet(images, torch.cat([part.labels for part in parts]))


def batches(rows: Tensor, size: int, smallest: int = 1) -> Sequence[Tensor]:
    """
    Cut rows into batches of almost one size.

    :param rows: (N,) int64 positions, N >= 1.
    :param size: rows in a batch at most.
    :param smallest: rows in a batch at least, even above ``size``, where there are as many. Batch
        norm in training mode wants 2: a layer may have only one value a frame.
    """
    count = min(-(-len(rows) // size), len(rows) // smallest)
    return rows.tensor_split(max(1, count))


def training_set(
    images: Sequence[Image], labels: Sequence[LabelMap], input_size_px: tuple[int, int]
) -> TrainingSet:
    """
    Resize frames and labels for training.

    :param images: N images, each (H, W, 3) uint8 RGB.
    :param labels: N label maps of the same sizes.
    :param input_size_px: (h, w) of the network's input.
    """
    height, width = input_size_px
    small = [cv2.resize(m, (width, height), interpolation=cv2.INTER_NEAREST_EXACT) for m in labels]
    stacked = network_input(images, input_size_px).to(torch.uint8)
    return TrainingSet(stacked, torch.from_numpy(np.stack(small)))


def source_set(source: Sequence[LabelledFrame], input_size_px: tuple[int, int]) -> TrainingSet:
    """
    Make a training set of annotated frames.

    :param source: at least one annotated frame.
    :param input_size_px: (h, w) of the network's input.
    """
    return training_set(
        [item.frame.image for item in source], [item.labels for item in source], input_size_px
    )


def sample_set(
    samples: Sequence[Sample], input_size_px: tuple[int, int], min_confidence: int
) -> TrainingSet:
    """
    Make a training set of fused frames.

    :param samples: at least one sample.
    :param input_size_px: (h, w) of the network's input.
    :param min_confidence: fused pixels below this confidence, 0 to 255, become unlabelled.
    """
    labels = [
        np.where(s.segmentation.confidence < min_confidence, UNLABELLED, s.segmentation.labels)
        for s in samples
    ]
    images = [sample.frame.image for sample in samples]
    return training_set(images, [m.astype(np.uint8) for m in labels], input_size_px)
