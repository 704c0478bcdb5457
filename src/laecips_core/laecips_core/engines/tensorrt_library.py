"""
TensorRT itself: found or refused, its messages, its ONNX parser.

Importing this file imports TensorRT; nothing imports it until engine ``tensorrt`` is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import logging
from typing import TypeVar

from laecips_core.engines.tensorrt_versions import needs_of
from laecips_core.engines.tensorrt_versions import SUPPORTED
from laecips_core.errors import EngineError

try:
    import tensorrt as trt
except (ImportError, OSError) as problem:
    raise EngineError(
        'model.engine tensorrt',
        'the Python package tensorrt and its libraries',
        f'[{problem}]',
        f'install TensorRT {SUPPORTED} for this Python, or choose engine onnxruntime',
    ) from problem

__all__ = ['LOG', 'NEEDS', 'Parsed', 'constructed', 'made', 'parsed', 'trt']

NEEDS = needs_of(trt.__version__)
"""How the release that is installed is to be called."""

_log = logging.getLogger(__name__)
_Made = TypeVar('_Made')
_LEVELS = {
    trt.ILogger.Severity.INTERNAL_ERROR: logging.ERROR,
    trt.ILogger.Severity.ERROR: logging.ERROR,
    trt.ILogger.Severity.WARNING: logging.WARNING,
    trt.ILogger.Severity.INFO: logging.DEBUG,
    trt.ILogger.Severity.VERBOSE: logging.DEBUG,
}


class _TensorrtLog(trt.ILogger):  # type: ignore[misc]  # untyped where it is not installed
    """Puts TensorRT's messages into our log, and keeps the last error for ours."""

    def __init__(self) -> None:
        trt.ILogger.__init__(self)
        self.last_error = 'no message'

    def log(self, severity: trt.ILogger.Severity, msg: str) -> None:
        level = _LEVELS[severity]
        _log.log(level, '%s', msg)
        if level == logging.ERROR:
            self.last_error = msg


LOG = _TensorrtLog()
"""TensorRT wants one for the whole process."""


@dataclass(frozen=True)
class Parsed:
    """
    A parsed ONNX file; the network reads the weights from the parser's memory.

    :param builder: what made the network.
    :param network: the layers.
    :param parser: to be kept as long as the network.
    """

    builder: trt.Builder
    network: trt.INetworkDefinition
    parser: trt.OnnxParser


def made(thing: _Made | None, what: str, expected: str) -> _Made:
    """
    Take what TensorRT made, where it says None in place of an error.

    :param thing: what came.
    :param what: for the error: what was wanted of it.
    :param expected: for the error: what should have come.
    :raises EngineError: with TensorRT's last message, when None came.
    """
    if thing is None:
        raise EngineError(what, expected, f'[{LOG.last_error}]')
    return thing


def constructed(construct: Callable[[], _Made], what: str) -> _Made:
    """
    Construct an object of TensorRT.

    :param construct: calls the class.
    :param what: for the error: what it is.
    :raises EngineError: with TensorRT's last message, when there is no object.
    """
    try:
        return construct()
    except TypeError as error:  # so the bindings say that the library gave none
        got = f'[{error}: {LOG.last_error}]'
        raise EngineError('TensorRT', f'it to make a {what}', got) from error


def parsed(onnx: bytes) -> Parsed:
    """
    Read an exported network.

    :param onnx: its bytes.
    :raises EngineError: when TensorRT cannot.
    """
    flags = 0
    if NEEDS.explicit_batch_flag:
        flags = 1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH)
    if NEEDS.strongly_typed_flag:
        flags = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    builder = constructed(lambda: trt.Builder(LOG), 'builder')
    network = made(builder.create_network(flags), 'TensorRT', 'a network')
    parser = constructed(lambda: trt.OnnxParser(network, LOG), 'parser')
    if not parser.parse(onnx):
        problems = [parser.get_error(k).desc() for k in range(parser.num_errors)]
        got = f'[{"; ".join(problems) or LOG.last_error}]'
        expected = 'a network whose every operation TensorRT knows'
        raise EngineError('ONNX file', expected, got, 'choose engine onnxruntime')
    return Parsed(builder, network, parser)
