from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from laecips_core.learning.losses import frame_losses
from laecips_core.learning.losses import miner_losses


def test_the_frame_loss_is_the_mean_cross_entropy_of_labelled_pixels() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 4, 5, 6))
    labels = rng.integers(0, 4, (3, 5, 6))
    labels[rng.random((3, 5, 6)) < 0.3] = 255
    labels[2] = 255
    expected = []
    for scores, classes in zip(logits, labels, strict=True):
        losses = [
            math.log(np.exp(scores[:, y, x]).sum()) - scores[classes[y, x], y, x]
            for y in range(5)
            for x in range(6)
            if classes[y, x] != 255
        ]
        expected.append(sum(losses) / max(1, len(losses)))
    got = frame_losses(torch.from_numpy(logits), torch.from_numpy(labels))
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6)
    assert got[2] == 0.0


def test_each_pixel_counts_with_the_weight_of_its_class() -> None:
    # Equal scores: every pixel costs log 2, before its weight; the count stays that of pixels.
    logits, labels = torch.zeros(1, 2, 1, 4), torch.tensor([[[0, 1, 1, 255]]])
    got = frame_losses(logits, labels, torch.tensor([0.5, 3.0]))
    assert got.tolist() == pytest.approx([math.log(2) * (0.5 + 3.0 + 3.0) / 3])


def test_weights_of_one_change_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 4, generator=generator)
    labels = torch.randint(0, 3, (2, 4, 4), generator=generator)
    plain = frame_losses(logits, labels)
    torch.testing.assert_close(frame_losses(logits, labels, torch.ones(3)), plain)


def test_scores_are_upsampled_to_the_labels() -> None:
    # Pixel centres of the labels lie a quarter of a score's width beside those of the scores.
    logits = torch.tensor([[[[0.0, 4.0]], [[0.0, 0.0]]]])
    scores = [0.0, 1.0, 3.0, 4.0]
    expected = np.mean([math.log(1 + math.exp(-score)) for score in scores])
    got = frame_losses(logits, torch.zeros(1, 2, 4, dtype=torch.int64))
    assert got.tolist() == pytest.approx([expected])


def test_a_frame_without_labels_has_no_gradient() -> None:
    logits = torch.randn(1, 3, 2, 2, requires_grad=True)
    frame_losses(logits, torch.full((1, 4, 4), 255)).sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert logits.grad.abs().sum() == 0.0


def test_the_miner_loss_is_equation_14() -> None:
    logits, losses, beta = [-2.0, 0.0, 3.0], [1.5, 0.0, 0.7], 0.2
    expected = []
    for logit, loss in zip(logits, losses, strict=True):
        h = 1 / (1 + math.exp(-logit))
        expected.append(h * loss - beta * math.log(h))
    got = miner_losses(torch.tensor(logits), torch.tensor(losses), beta)
    assert got.tolist() == pytest.approx(expected)


def test_the_miner_loss_is_finite_where_the_confidence_vanishes() -> None:
    got = miner_losses(torch.tensor([-200.0]), torch.tensor([1.0]), 0.2)
    assert got.tolist() == pytest.approx([40.0])


@pytest.mark.parametrize('beta', [0.2, 0.5])
def test_descent_on_the_miner_loss_ends_at_beta_over_the_loss(beta: float) -> None:
    losses = torch.tensor([0.05, 0.15, 0.3, 0.6, 1.0, 2.0, 5.0])
    logits = torch.zeros(len(losses), requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.3)
    for _ in range(400):
        optimiser.zero_grad()
        miner_losses(logits, losses, beta).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    expected = [min(1.0, beta / float(loss)) for loss in losses]
    np.testing.assert_allclose(logits.detach().sigmoid().numpy(), expected, atol=5e-3)
