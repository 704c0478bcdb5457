from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn
from torch import Tensor
from torch.nn import functional

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.graph_facts import weight_places
from laecips_core.engines.onnx_export import export
from laecips_core.engines.onnx_export import export_network
from laecips_core.engines.onnx_export import Probabilities
from laecips_core.errors import EngineError
from laecips_core.errors import UnknownNameError
from laecips_core.models.state import arrays_of
from laecips_core.values import WeightArrays

SIZE_PX = (20, 28)
IMAGES = np.random.default_rng(0).integers(0, 256, (1, 3, *SIZE_PX)).astype(np.float32)


class Tiny(nn.Module):
    """Has what exporters like to fuse, fold, join, leave out or rename."""

    mean: Tensor
    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer('mean', torch.tensor([120.0, 110.0, 100.0]), persistent=False)
        self.register_buffer('table', torch.tensor([2, 0, 1]))
        self.convolution = nn.Conv2d(3, 6, 3, 4, 1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.pooled = nn.Conv2d(6, 6, 1)
        self.mix = nn.Linear(6, 3)
        self.unused = nn.Linear(2, 2)
        nn.init.zeros_(self.pooled.bias)
        nn.init.zeros_(self.norm.bias)

    def forward(self, images: Tensor) -> Tensor:
        x = self.norm(self.convolution((images - self.mean.view(1, 3, 1, 1)) / 60.0)).relu()
        parts = self.pooled(functional.adaptive_avg_pool2d(x, (3, 2)))
        x = x + functional.interpolate(parts, x.shape[-2:], mode='bilinear')
        mixed: Tensor = self.mix(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return mixed[:, self.table]


def tiny(seed: int) -> Tiny:
    torch.manual_seed(seed)
    network = Tiny().eval()
    network.norm.running_mean.normal_()  # type: ignore[union-attr]
    network.norm.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr]
    return network


def exported_from(name: str, network: nn.Module, size_px: tuple[int, int]) -> bytes:
    return export_network(name, Probabilities(network, torch.float32), size_px)


def run(data: bytes) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=['CPUExecutionProvider'])
    probabilities: np.ndarray = session.run(None, {'images': IMAGES})[0]
    return probabilities


def run_torch(network: nn.Module) -> np.ndarray:
    with torch.no_grad():
        softmax: np.ndarray = network(torch.from_numpy(IMAGES)).softmax(dim=1).numpy()
    return softmax


@pytest.fixture(scope='module')
def exported() -> bytes:
    return exported_from('tiny', tiny(0), SIZE_PX)


def test_input_and_output_are_as_the_contract_says(exported: bytes) -> None:
    graph = onnx.load_from_string(exported).graph
    ends = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in [*graph.input, *graph.output]
    }
    assert ends == {'images': [1, 3, 20, 28], 'probabilities': [1, 3, 5, 7]}


def test_every_weight_is_there_by_name(exported: bytes) -> None:
    shapes = {name: array.shape for name, array in arrays_of(tiny(0)).items()}
    assert weight_places(exported).shapes == shapes
    assert 'unused.weight' in shapes


def test_nothing_is_fused_before_the_weights_are_known(exported: bytes) -> None:
    kinds = [node.op_type for node in onnx.load_from_string(exported).graph.node]
    assert kinds.count('BatchNormalization') == 1
    assert len(kinds) <= 20


@pytest.mark.parametrize('seed', [1, 2])
def test_with_other_weights_it_computes_what_torch_does(exported: bytes, seed: int) -> None:
    network = tiny(seed)
    with torch.no_grad():
        network.pooled.bias.normal_()  # type: ignore[union-attr]
        network.table.copy_(torch.tensor([1, 2, 0]))
    filled = weight_places(exported).filled(exported, arrays_of(network))
    np.testing.assert_allclose(run(filled), run_torch(network), atol=1e-6)
    assert np.abs(run(filled) - run_torch(tiny(0))).max() > 0.01


def test_each_weight_that_torch_reads_counts(exported: bytes) -> None:
    network = tiny(0)
    arrays, places = arrays_of(network), weight_places(exported)
    before = run(places.filled(exported, arrays))
    for name in arrays:
        if name.startswith('unused') or name == 'table':
            continue
        changed: WeightArrays = {**arrays, name: arrays[name] + 0.5}
        assert not np.array_equal(run(places.filled(exported, changed)), before), name


def test_in_half_precision_weights_are_halves_and_the_ends_are_not() -> None:
    data = export_network('tiny', Probabilities(tiny(0), torch.float16), SIZE_PX)
    places = weight_places(data)
    assert {str(place.dtype) for place in places.places.values()} == {'float16', 'int64'}
    probabilities = run(places.filled(data, arrays_of(tiny(1))))
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, run_torch(tiny(1)), atol=5e-3)


def test_the_file_tells_nothing_of_the_machine_that_made_it(exported: bytes) -> None:
    assert b'.py' not in exported


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 1)
        self.second = nn.Conv2d(3, 3, 1)
        self.second.weight = self.first.weight

    def forward(self, images: Tensor) -> Tensor:
        x: Tensor = self.second(self.first(images))
        return x


def test_a_network_whose_weights_share_numbers_is_refused() -> None:
    with pytest.raises(EngineError, match=r'network tied: expected every weight in the exported'):
        exported_from('tied', Tied(), (8, 8))


class Choosy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 1)

    def forward(self, images: Tensor) -> Tensor:
        x: Tensor = self.first(images)
        return x if float(x.detach().sum()) > 0 else -x


def test_a_network_that_torch_cannot_export_is_refused() -> None:
    with pytest.raises(EngineError, match=r'network choosy: expected one that torch exports'):
        exported_from('choosy', Choosy(), (8, 8))


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r'model\.name: expected one of fast_scnn'):
        export(EdgeModelConfig('x'), 3)
