"""Has a network exported by a process of its own, so that this one never imports torch."""

from __future__ import annotations

from dataclasses import asdict
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from laecips_core.config import EdgeModelConfig
from laecips_core.engines.torch_process import DEADLINE_S
from laecips_core.engines.torch_process import missing
from laecips_core.engines.torch_process import run_module
from laecips_core.errors import EngineError

_MODULE = 'laecips_core.engines.export_process'
_NEEDED = ('torch', 'onnx', 'onnxscript')


def exported(
    config: EdgeModelConfig, classes: int, target: Path, deadline_s: float = DEADLINE_S
) -> tuple[bytes, dict[str, str]]:
    """
    Export a network.

    :param config: network, input size and precision.
    :param classes: number of classes M.
    :param target: where the file will lie, for errors.
    :param deadline_s: seconds until the export is given up.
    :returns: ONNX bytes, and versions of the libraries that made them.
    :raises EngineError: when a library is missing, the network cannot be exported, or the deadline
        has passed.
    """
    if absent := missing(_NEEDED):
        command = f'laecips export --engine {config.engine} --model {config.name}'
        raise EngineError(
            str(target),
            'the exported network',
            f'no file that can be used, and no {", ".join(absent)} here to export it',
            f'run {command} where they are installed, with the same settings, and copy the .onnx '
            f'file and its .json to {target.parent}',
        )
    order = {'config': asdict(config), 'classes': classes}
    with TemporaryDirectory(prefix='laecips-export-') as folder:
        path = Path(folder) / 'network.onnx'
        told = run_module(_MODULE, order, path, f'export of {config.name}', deadline_s)
        notes: dict[str, str] = json.loads(told.splitlines()[-1])
        return path.read_bytes(), notes
