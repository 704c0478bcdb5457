"""
Reads a model's own weights in a process of its own, which alone imports torch.

``python -m laecips_core.engines.pretrained_process FILE`` reads a JSON object with ``config`` and
``limits`` (fields of :class:`laecips_core.config.EdgeModelConfig` and
:class:`laecips_core.config.LimitsConfig`) from standard input and writes FILE. Exit status 2: the
last line of standard error says why not.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys

from laecips_core.config import EdgeModelConfig
from laecips_core.config import LimitsConfig
from laecips_core.errors import LaecipsError
from laecips_core.models.start_weights import weights_of
from laecips_core.weights.files import save_update


def main() -> int:
    """Read and write."""
    order = json.loads(sys.stdin.read())
    config, limits = EdgeModelConfig(**order['config']), LimitsConfig(**order['limits'])
    try:
        save_update(Path(sys.argv[1]), weights_of(config, limits))
    except (LaecipsError, ImportError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
