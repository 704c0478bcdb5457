from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import pytest
import torch
from torch import nn

from laecips_core.models.class_mapped import ClassMapped

SHARES = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 1, 0, 0, 0]], np.float32)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.mark.parametrize('size', [0.1, 5.0, 20.0])
def test_the_softmax_is_the_sum_of_those_of_the_parts(size: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0.0, size, (2, 5, 3, 4))
    network = ClassMapped(nn.Identity(), SHARES)
    found = network(torch.from_numpy(logits).float()).softmax(dim=1).numpy()
    summed = np.einsum('mk,nkhw->nmhw', SHARES, softmax(logits))
    expected = summed / summed.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_one_part_each_keeps_the_logits() -> None:
    logits = torch.randn(1, 3, 2, 2)
    found = ClassMapped(nn.Identity(), np.eye(3, dtype=np.float32))(logits)
    torch.testing.assert_close(found, logits)


def test_a_sure_class_that_is_left_out_does_not_drown_the_others() -> None:
    logits = torch.tensor([1.0, 0.0, 0.0, 2.0, 1e4]).view(1, 5, 1, 1)
    found = ClassMapped(nn.Identity(), SHARES)(logits).softmax(dim=1).flatten()
    expected = softmax(np.array([[np.log(np.e + 1.0), 2.0, 0.0]]))[0]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_logits_far_apart_stay_finite_and_so_do_their_gradients() -> None:
    logits = torch.tensor([1e4, -1e4, 0.0, 0.0, 0.0]).view(1, 5, 1, 1).requires_grad_()
    found = ClassMapped(nn.Identity(), SHARES)(logits)
    found.sum().backward()
    assert found.isfinite().all()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_the_gradient_is_that_of_the_log_of_the_summed_exponentials() -> None:
    logits = torch.randn(1, 5, 2, 2, dtype=torch.double, requires_grad=True)
    network = ClassMapped(nn.Identity(), SHARES).double()
    assert torch.autograd.gradcheck(network, (logits,))


def test_the_map_is_kept_with_the_weights_and_is_not_trained() -> None:
    network = ClassMapped(nn.Conv2d(3, 5, 1), SHARES)
    assert network.state_dict()['shares'].numpy().tolist() == SHARES.tolist()
    assert {name for name, _ in network.named_parameters()} == {'network.weight', 'network.bias'}
