"""What each release of TensorRT needs from us that another does not."""

from __future__ import annotations

from dataclasses import dataclass
import re

from laecips_core.errors import EngineError


@dataclass(frozen=True)
class TensorrtNeeds:
    """
    How one range of releases is to be called.

    :param first: major and minor number of the first release.
    :param last: of the last one; a minor number that is still to come is allowed, since a major
        number keeps its interface.
    :param explicit_batch_flag: a network must be asked for with its batch dimension.
    :param strongly_typed_flag: a network must be asked for that computes in the types of the ONNX
        file; where neither this nor ``fp16_flag`` holds, every network does.
    :param fp16_flag: the builder must be allowed to compute in fp16.
    :param progress_monitor: the builder tells how far it is.
    """

    first: tuple[int, int]
    last: tuple[int, int]
    explicit_batch_flag: bool
    strongly_typed_flag: bool
    fp16_flag: bool
    progress_monitor: bool


_ANY_MINOR = 999
RANGES = (
    TensorrtNeeds((8, 6), (8, 6), True, False, True, False),
    TensorrtNeeds((10, 0), (10, 11), False, False, True, True),
    TensorrtNeeds((10, 12), (10, _ANY_MINOR), False, True, False, True),
    TensorrtNeeds((11, 0), (11, _ANY_MINOR), False, False, False, True),
)
"""Every release that the engine is written for."""

SUPPORTED = '8.6, 10 or 11'


def needs_of(version: str) -> TensorrtNeeds:
    """
    Find how a release is to be called.

    :param version: as the library tells it, such as ``10.3.0`` or ``11.4.0.106``.
    :raises EngineError: when the engine is not written for it.
    """
    found = re.match(r'(\d+)\.(\d+)(\.|$)', version)
    if found is not None:
        release = int(found[1]), int(found[2])
        for needs in RANGES:
            if needs.first <= release <= needs.last:
                return needs
    do = 'install one of those, or choose engine onnxruntime'
    raise EngineError('TensorRT', SUPPORTED, version or 'no version', do)
