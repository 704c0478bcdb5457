"""The ``laecips bench`` command: times one part on this machine."""
from __future__ import annotations

import argparse
from collections.abc import Mapping
from importlib import import_module
import json
import os
from pathlib import Path
import platform
from typing import Any

from rich.console import Console
from rich.table import Table

BENCHES = {
    'fusion': 'laecips_core.bench.fusion',
    'patrol': 'laecips_core.bench.patrol',
}
