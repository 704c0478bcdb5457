"""
Exports one network in a process of its own, which alone imports torch.

``python -m laecips_core.engines.export_process FILE`` reads a JSON object with ``config`` (fields
of :class:`laecips_core.config.EdgeModelConfig`) and ``classes`` from standard input, writes FILE,
and the library versions as JSON to standard output. Exit status 2: the last line of standard error
says why not.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import LaecipsError


def main() -> int:
    """Export, write, and tell the versions."""
    order = json.loads(sys.stdin.read())
    try:
        import onnx
        import torch

        from laecips_core.engines.onnx_export import export

        torch.manual_seed(0)  # the same network gives the same file
        data = export(EdgeModelConfig(**order['config']), order['classes'])
    except (LaecipsError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    Path(sys.argv[1]).write_bytes(data)
    print(json.dumps({'torch': torch.__version__, 'onnx': onnx.__version__}))
    return 0


if __name__ == '__main__':
    sys.exit(main())
