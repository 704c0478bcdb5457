from __future__ import annotations

import pytest
import torch
from torch import nn
from torch import Tensor

from laecips_core.learning.coordinates import largest_gradients
from laecips_core.learning.coordinates import only

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)


class Net(nn.Module):
    """Ten weights in three tensors, the last of which gets no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.zeros(2, 3))
        self.second = nn.Parameter(torch.zeros(4))
        self.idle = nn.Parameter(torch.zeros(5))


def network(first: list[float], second: list[float]) -> Net:
    net = Net()
    net.first.grad = torch.tensor(first, dtype=torch.float32).view(2, 3)
    net.second.grad = torch.tensor(second, dtype=torch.float32)
    return net


def counted(chosen: dict[str, Tensor]) -> int:
    return sum(int(part.sum()) for part in chosen.values())


def test_the_largest_of_all_tensors_together_are_chosen_whatever_their_sign() -> None:
    chosen = largest_gradients(network([0, 1, -9, 2, 0, 3], [-8, 4, 0, 0]), 0.3)
    assert list(chosen) == ['first', 'second']
    assert chosen['first'].tolist() == [[False, False, True], [False, False, False]]
    assert chosen['second'].tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ('share', 'count'), [(1e-5, 1), (0.1, 1), (0.24, 2), (0.5, 5), (0.99, 10), (1.0, 10)]
)
@pytest.mark.parametrize('value', [0.0, 1.0])
def test_the_number_is_exact_even_where_all_are_equal(
    share: float, count: int, value: float
) -> None:
    chosen = largest_gradients(network([value] * 6, [value] * 4), share)
    assert counted(chosen) == count
    assert torch.cat([part.flatten() for part in chosen.values()])[:count].all()


def test_all_other_weights_keep_every_bit_through_adam() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))
    inputs, targets = torch.randn(8, 6), torch.randn(8, 2)

    def backward() -> None:
        net.zero_grad()
        loss = (net(inputs) - targets).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]

    backward()
    chosen = largest_gradients(net, 0.25)
    before = {name: parameter.detach().clone() for name, parameter in net.named_parameters()}
    before_step = only(net, chosen)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.1)
    for _ in range(5):
        backward()
        before_step()
        optimiser.step()
    for name, parameter in net.named_parameters():
        assert torch.equal(parameter.detach() != before[name], chosen[name]), name
    assert counted(chosen) == round(0.25 * (6 * 5 + 5 + 5 * 2 + 2))


def test_weights_without_a_gradient_are_left_alone() -> None:
    net = network([1.0] * 6, [2.0] * 4)
    only(net, largest_gradients(net, 0.4))()
    assert net.idle.grad is None
    assert net.first.grad is not None
    assert net.first.grad.abs().sum() == 0.0
    assert net.second.grad is not None
    assert net.second.grad.tolist() == [2.0] * 4
