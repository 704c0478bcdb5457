"""Makes an engine of a plan and gives it weights; see ``refit_plan.py`` for how."""

from __future__ import annotations

from typing import Any
from typing import TypeVar

from numpy.typing import NDArray

from laecips_core.engines.refit_plan import check_none_missing
from laecips_core.engines.refit_plan import Slot
from laecips_core.engines.refit_plan import slots_to_set
from laecips_core.engines.refit_plan import whole_weights
from laecips_core.engines.tensorrt_device import gpu_context
from laecips_core.engines.tensorrt_library import constructed
from laecips_core.engines.tensorrt_library import LOG
from laecips_core.engines.tensorrt_library import made
from laecips_core.engines.tensorrt_library import Parsed
from laecips_core.engines.tensorrt_library import parsed
from laecips_core.engines.tensorrt_library import trt
from laecips_core.errors import EngineError

_Layer = TypeVar('_Layer')
_ROLES = {
    'KERNEL': trt.WeightsRole.KERNEL,
    'BIAS': trt.WeightsRole.BIAS,
    'SCALE': trt.WeightsRole.SCALE,
    'SHIFT': trt.WeightsRole.SHIFT,
    'CONSTANT': trt.WeightsRole.CONSTANT,
}


def refitted_engine(plan: bytes, built: bytes, wanted: bytes) -> trt.ICudaEngine:
    """
    Make a new engine of a plan, with other weights; others go on running meanwhile.

    :param plan: a plan for this GPU and this release.
    :param built: the ONNX file that the plan was built from.
    :param wanted: the same file with the weights that the engine is to have.
    :raises EngineError: when TensorRT cannot load the plan, or not give it every weight.
    """
    with gpu_context():
        runtime = constructed(lambda: trt.Runtime(LOG), 'runtime')
        engine = made(runtime.deserialize_cuda_engine(plan), 'plan', 'one for this GPU')
        if not engine.refittable:
            do = 'remove it from the folder of built engines: the next start builds it again'
            raise EngineError('plan', 'one that can be refitted', 'another', do)
        _refit(engine, parsed(built), parsed(wanted))
    return engine


def _refit(engine: trt.ICudaEngine, built: Parsed, wanted: Parsed) -> None:
    refitter = constructed(lambda: trt.Refitter(engine, LOG), 'refitter')
    weights = _weights(wanted.network)
    layers, roles = refitter.get_all()
    for layer, role in slots_to_set(_slots(layers, roles), _weights(built.network), weights):
        if not refitter.set_weights(layer, _ROLES[role], trt.Weights(weights[layer, role])):
            expected = f'TensorRT to take {role} of {layer}'
            raise EngineError('refit', expected, f'[{LOG.last_error}]')
    check_none_missing(_slots(*refitter.get_missing()))
    if not refitter.refit_cuda_engine():
        raise EngineError('refit', 'TensorRT to take the weights', f'[{LOG.last_error}]')


def _slots(layers: list[str], roles: list[trt.WeightsRole]) -> list[Slot]:
    return [(layer, role.name) for layer, role in zip(layers, roles, strict=True)]


def _weights(network: trt.INetworkDefinition) -> dict[Slot, NDArray[Any]]:
    """Look at the weights of all layers, in the parser's memory; an empty array: none."""
    layers = [network.get_layer(k) for k in range(network.num_layers)]
    return {
        (layer.name, role): whole_weights(weights)
        for layer in layers
        for role, weights in _weights_of(layer).items()
    }


def _weights_of(layer: trt.ILayer) -> dict[str, object]:
    if layer.type == trt.LayerType.CONVOLUTION:
        convolution = _as(layer, trt.IConvolutionLayer)
        return {'KERNEL': convolution.kernel, 'BIAS': convolution.bias}
    if layer.type == trt.LayerType.DECONVOLUTION:
        deconvolution = _as(layer, trt.IDeconvolutionLayer)
        return {'KERNEL': deconvolution.kernel, 'BIAS': deconvolution.bias}
    if layer.type == trt.LayerType.SCALE:
        scale = _as(layer, trt.IScaleLayer)
        return {'SCALE': scale.scale, 'SHIFT': scale.shift}
    if layer.type == trt.LayerType.CONSTANT:
        return {'CONSTANT': _as(layer, trt.IConstantLayer).weights}
    return {}


def _as(layer: object, kind: type[_Layer]) -> _Layer:
    """Tell the bindings what a layer is; they give every layer as the base class."""
    layer.__class__ = kind
    if not isinstance(layer, kind):
        raise EngineError('TensorRT', f'a layer {kind.__name__}', type(layer).__name__)
    return layer
