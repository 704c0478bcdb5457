"""Takes one node through its lifecycle again and again, and tells what that left behind."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
import ctypes
import gc
from importlib import import_module
import json
import os
from pathlib import Path
import sys
import time

import rclpy

from laecips_ros.lifecycle import ManagedNode

CYCLES, WARM_UP = 100, 20
_SETTLE_S = 10.0
_PAGE_BYTES = os.sysconf('SC_PAGE_SIZE')
_SMALL: Mapping[str, object] = {
    'model.threads': 1,
    'model.input_height_px': 96,
    'model.input_width_px': 128,
}
_LINK: Mapping[str, object] = {'link.security': 'plain', 'outbox.path': '~/outbox.sqlite'}
NODES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    'edge': ('laecips_edge.edge_node:EdgeNode', _SMALL),
    'cloud': (
        'laecips_cloud.cloud_node:CloudNode',
        {**_SMALL, 'update.source_frames': 0, 'update.gate_frames': 0},
    ),
    'bridge_robot': (
        'laecips_bridge.bridge_node:BridgeNode',
        {**_LINK, 'link.connect': '127.0.0.1:1', 'link.connect_timeout_s': 0.1},
    ),
    'bridge_server': (
        'laecips_bridge.bridge_node:BridgeNode',
        {**_LINK, 'role': 'server', 'link.listen': '127.0.0.1:17447', 'link.robots': 'r1'},
    ),
}
"""Class and parameters of each node; the bridge is two, one for each side."""


def cycles(node: ManagedNode, count: int) -> None:
    """Go through the whole life so many times."""
    for _ in range(count):
        for step in ('configure', 'activate', 'deactivate', 'cleanup'):
            done = getattr(node, f'trigger_{step}')()
            assert done.name == 'SUCCESS', f'{step}: {done}'


def memory_bytes() -> int:
    """Give the memory that is really in use, without what the allocators keep for later."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path('/proc/self/statm').read_text().split()[1]) * _PAGE_BYTES


def threads() -> int:
    """Count the threads, those of libraries included."""
    return len(os.listdir('/proc/self/task'))


def settled(count: Callable[[], int], most: int) -> int:
    """Count until there are no more than that, or the time is up."""
    ends_s = time.monotonic() + _SETTLE_S
    while count() > most and time.monotonic() < ends_s:
        time.sleep(0.05)
    return count()


def main(name: str, out: Path) -> None:
    """Write what the cycles after the first few left behind."""
    place, parameters = NODES[name]
    words = [word for key, value in parameters.items() for word in ('-p', f'{key}:={value}')]
    rclpy.init(args=['--ros-args', '--log-level', 'error', *words])
    module, _, kind = place.partition(':')
    node = getattr(import_module(module), kind)()
    cycles(node, WARM_UP)
    gc.collect()
    gc.freeze()  # what is left now is not looked at again in each cleanup: it takes the longest
    before_bytes, before_threads = memory_bytes(), threads()
    cycles(node, CYCLES - WARM_UP)
    left = {
        'grown_bytes': memory_bytes() - before_bytes,
        'more_threads': settled(threads, before_threads) - before_threads,
    }
    node.close()
    node.destroy_node()
    rclpy.shutdown()
    out.write_text(json.dumps(left), encoding='utf-8')


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]))
