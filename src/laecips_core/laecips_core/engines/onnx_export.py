"""
A torch network as an ONNX file of the form that ``graph_facts.py`` tells.

The exporter's own optimiser fuses and renames weights, so only a part of its passes is run: those
that compute what follows from sizes alone.
"""

from __future__ import annotations

from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray
import onnx
from onnxscript import ir
from onnxscript import opset20
from onnxscript import optimizer
from onnxscript.ir.passes import common as passes
import torch
from torch import nn
from torch import Tensor

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.graph_facts import CONSTANT
from laecips_core.engines.graph_facts import INPUT
from laecips_core.engines.graph_facts import OUTPUT
from laecips_core.errors import EngineError
from laecips_core.registry import network_builder

_OPSET = 18
_COUNTER = 'num_batches_tracked'
_PREFIX = 'network.'
# What follows from sizes alone is small, but for the matrices of a pooling.
_MOST_FOLDED_BYTES = 16_000_000


class Probabilities(nn.Module):
    """
    A network with softmax; float32 outside, whatever it computes with.

    :param network: gives logits; it is put in evaluation mode and its numbers are converted.
    :param dtype: what it computes with.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        """Take over the network."""
        super().__init__()
        self.network, self._dtype = network.eval().to(dtype), dtype

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, 3, h, w) float32 in [0, 255] to (N, M, h', w') float32 softmax."""
        logits: Tensor = self.network(images.to(self._dtype))
        return logits.float().softmax(dim=1)


def export(config: EdgeModelConfig, classes: int) -> bytes:
    """
    Export the network of a configuration with weights at random.

    :param config: network, input size and precision.
    :param classes: number of classes M.
    :returns: ONNX bytes of the form that ``graph_facts.py`` tells.
    :raises UnknownNameError: when no network has the name.
    :raises EngineError: when the network cannot be exported, or its weights not by name.
    """
    network = network_builder(config)(classes)
    dtype = torch.float16 if config.precision == 'fp16' else torch.float32
    size_px = config.input_height_px, config.input_width_px
    return export_network(config.name, Probabilities(network, dtype), size_px)


def export_network(name: str, network: Probabilities, size_px: tuple[int, int]) -> bytes:
    """
    Export a network that gives probabilities.

    :param name: for errors.
    :param network: the network; its unused weights are changed.
    :param size_px: (h, w) of the input.
    :raises EngineError: when it cannot be exported, or its weights not by name.
    """
    images = torch.full((1, 3, *size_px), 128.0)
    weights = _weights(network)
    with torch.inference_mode():
        before = network(images)
    model = _exported(name, network.eval(), images)
    _simplify(model, set(weights))
    unused = {key: weights[key] for key in weights if key not in model.graph.initializers}
    _check_unused(name, network, images, before, unused)
    _rename(model, weights, unused)
    proto = ir.serde.serialize_model(model)
    onnx.checker.check_model(proto)
    serialised: bytes = proto.SerializeToString(deterministic=True)
    return serialised


def _weights(network: nn.Module) -> dict[str, Tensor]:
    state = network.state_dict()
    return {key: tensor for key, tensor in state.items() if not key.endswith(_COUNTER)}


def _exported(name: str, network: nn.Module, images: Tensor) -> ir.Model:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of the exporter, about itself
            program = torch.onnx.export(
                network,
                (images,),
                dynamo=True,
                optimize=False,
                verbose=False,
                opset_version=_OPSET,
                input_names=[INPUT],
                output_names=[OUTPUT],
                custom_translation_table={
                    torch.ops.aten._adaptive_avg_pool2d.default: _pool_by_matrices
                },
            )
    except torch.onnx.OnnxExporterError as error:
        cause = f'[{error.__cause__ or error}]'
        raise EngineError(
            f'network {name}', 'one that torch exports to ONNX', cause, 'choose engine torch'
        ) from error
    if program is None:
        raise EngineError(f'network {name}', 'one that torch exports to ONNX', 'nothing')
    return program.model


def _pool_by_matrices(images: Any, output_size: tuple[int, int]) -> Any:
    """
    Average over a grid that need not divide the size: the mean over rows, then over columns.

    torch's own export of it gathers element by element, hundreds of nodes for a pyramid.
    """
    rows, columns = (
        _means(size, bins) for size, bins in zip(images.shape[2:], output_size, strict=True)
    )
    kind = images.dtype.numpy()
    left = opset20.Constant(value=onnx.numpy_helper.from_array(rows.astype(kind)))
    right = opset20.Constant(value=onnx.numpy_helper.from_array(columns.T.astype(kind)))
    return opset20.MatMul(opset20.MatMul(left, images), right)


def _means(size: int, bins: int) -> NDArray[np.float32]:
    """Give the (bins, size) matrix that averages each bin as torch's adaptive pooling does."""
    matrix = np.zeros((bins, size), np.float32)
    for k in range(bins):
        first, end = k * size // bins, -(-(k + 1) * size // bins)
        matrix[k, first:end] = 1 / (end - first)
    return matrix


def _simplify(model: ir.Model, weights: set[str]) -> None:
    """Compute ahead what does not depend on images or weights."""

    def foldable(node: ir.Node) -> bool | None:
        return False if any(x is not None and x.name in weights for x in node.inputs) else None

    passes.InlinePass()(model)
    for _ in range(2):
        optimizer.fold_constants(
            model,
            onnx_shape_inference=True,
            input_size_limit=_MOST_FOLDED_BYTES,
            output_size_limit=_MOST_FOLDED_BYTES,
            should_fold=foldable,
        )
        passes.RemoveUnusedNodesPass()(model)
    passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    passes.CommonSubexpressionEliminationPass()(model)
    passes.RemoveUnusedNodesPass()(model)
    passes.ClearMetadataAndDocStringPass()(model)  # stack traces of the exporting machine


def _check_unused(
    name: str, network: nn.Module, images: Tensor, before: Tensor, unused: dict[str, Tensor]
) -> None:
    """Refuse a network with a weight that the graph lost, but that counts."""
    with torch.inference_mode():
        for tensor in unused.values():
            tensor.fill_(True if tensor.dtype == torch.bool else 7)
        if not unused or torch.equal(network(images), before):
            return
    raise EngineError(
        f'network {name}',
        'every weight in the exported graph under its own name',
        f'none for {", ".join(list(unused)[:5])}',
        'choose engine torch',
    )


def _rename(model: ir.Model, weights: dict[str, Tensor], unused: dict[str, Tensor]) -> None:
    """Name weights as the network does, and constants such that none is taken for a weight."""
    for number, value in enumerate(list(model.graph.initializers.values())):
        if value.name not in weights:
            value.name = f'{CONSTANT}{number}'
        else:
            value.name = value.name.removeprefix(_PREFIX)
    for key, tensor in unused.items():
        array = ir.tensor(tensor.cpu().numpy(), name=key.removeprefix(_PREFIX))
        model.graph.register_initializer(
            ir.Value(
                name=array.name,
                shape=array.shape,
                type=ir.TensorType(array.dtype),
                const_value=array,
            )
        )
