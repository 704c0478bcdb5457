from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from laecips_core.config import EdgeModelConfig
from laecips_core.models.rfnet import Attention
from laecips_core.models.rfnet import RfNet
from laecips_core.models.rfnet import RfNetDepth
from laecips_core.registry import network_builder

torch.set_num_threads(1)

NETWORKS = [(RfNet, 3), (RfNetDepth, 4)]


def images(frames: int, channels: int, *size_px: int) -> Tensor:
    torch.manual_seed(1)
    return torch.rand(frames, channels, *size_px) * 255


def built(kind: type[RfNet], classes: int = 3) -> RfNet:
    torch.manual_seed(0)
    return kind(classes)


@pytest.mark.parametrize(
    ('size_px', 'map_px'), [((240, 320), (60, 80)), ((64, 64), (16, 16)), ((90, 121), (23, 31))]
)
@pytest.mark.parametrize(('kind', 'channels'), NETWORKS)
def test_it_scores_every_class_at_a_quarter(
    kind: type[RfNet], channels: int, size_px: tuple[int, int], map_px: tuple[int, int]
) -> None:
    network = built(kind, 5).eval()
    with torch.inference_mode():
        logits = network(images(1, channels, *size_px))
    assert (logits.shape, logits.dtype) == ((1, 5, *map_px), torch.float32)
    assert logits.isfinite().all()


@pytest.mark.parametrize(('kind', 'channels'), NETWORKS)
def test_it_learns_from_every_weight_and_the_loss_falls(kind: type[RfNet], channels: int) -> None:
    network = built(kind).train()
    frames, labels = images(2, channels, 64, 64), torch.randint(3, (2, 16, 16))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(3):
        loss = functional.cross_entropy(network(frames), labels)
        optimiser.zero_grad()
        loss.backward()
        assert [name for name, p in network.named_parameters() if p.grad is None] == []
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[2] < losses[0]


def test_a_frame_is_scored_the_same_in_any_batch() -> None:
    network, frames = built(RfNet).eval(), images(2, 3, 64, 96)
    with torch.inference_mode():
        both, first = network(frames), network(frames[:1])
    torch.testing.assert_close(both[:1], first)


def test_depth_counts_and_only_where_it_differs() -> None:
    network, frames = built(RfNetDepth).eval(), images(2, 4, 64, 64)
    nearer = frames.clone()
    nearer[1, 3] /= 2.0
    with torch.inference_mode():
        before, after = network(frames), network(nearer)
    torch.testing.assert_close(after[0], before[0])
    assert (after[1] - before[1]).abs().max() > 1e-3


def test_attention_weighs_each_channel_by_the_sigmoid_of_the_means() -> None:
    attention = Attention(2)
    with torch.no_grad():
        attention.weigh.weight.copy_(torch.tensor([[0.0, 1.0], [2.0, 0.0]]).view(2, 2, 1, 1))
        attention.weigh.bias.copy_(torch.tensor([0.5, 0.0]))
    x = torch.tensor([[[[1.0, 3.0]], [[0.0, -2.0]]]])  # means 2 and -1
    first, second = 1 / (1 + 2.718281828**0.5), 1 / (1 + 2.718281828**-4.0)
    expected = torch.tensor([[[[first, 3 * first]], [[0.0, -2 * second]]]])
    torch.testing.assert_close(attention(x), expected)


def test_the_registry_knows_the_colour_network_and_not_the_other() -> None:
    assert network_builder(EdgeModelConfig('rfnet')) is RfNet


def test_the_colour_scaling_is_no_weight() -> None:
    assert not {'mean', 'deviation'} & built(RfNet).state_dict().keys()
