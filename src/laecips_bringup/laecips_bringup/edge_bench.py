"""The edge node against the bare model loop, on the same frames, in the same run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import ExitStack
import os
from pathlib import Path
import tempfile

from ament_index_python.packages import get_package_share_directory
import rclpy
from rclpy.signals import SignalHandlerOptions

from laecips_bringup.bench_error import BenchError
from laecips_bringup.edge_bench_bare import BareLoop
from laecips_bringup.edge_bench_bare import bench_images
from laecips_bringup.edge_bench_camera import BenchCamera
from laecips_bringup.edge_bench_figures import figures_of
from laecips_bringup.edge_bench_figures import Flood
from laecips_bringup.edge_bench_figures import fps_of
from laecips_bringup.edge_bench_figures import Round
from laecips_bringup.node_process import NodeProgram
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.ros_domain import private_domain

ROUNDS = 30
BLOCK_FRAMES = 30
_WARM_UP_FRAMES = 200
_FLOODS = 5
_FLOOD_S = 1.0
_FLOOD_RATE = 2.0
# Fast DDS before and since version 3.
_PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')


def measure_edge(frames: int, rounds: int = ROUNDS) -> dict[str, object]:
    """
    Measure the node and the bare loop by turns, then a camera that is too fast, then memory.

    Every frame is easy, so no cloud is needed. Node and bare loop have the default settings.

    :param frames: over which the growth of memory is watched.
    :param rounds: turns of each.
    :returns: figures by name, see :func:`figures_of`.
    """
    with tempfile.TemporaryDirectory() as name, _edge(Path(name)) as (nodes, camera):
        with BareLoop() as bare:
            bare.run(BLOCK_FRAMES)
            camera.walk(_WARM_UP_FRAMES, 2)
            load = os.getloadavg()[0]
            turns = [_round(bare, camera) for _ in range(rounds)]
        floods = [_flood(camera) for _ in range(_FLOODS)]
        begin_mb = resident_mb(nodes.pids[0])
        walk = camera.walk(frames, 2)
        grown_mb = resident_mb(nodes.pids[0]) - begin_mb
        nodes.check()
    return figures_of(turns, floods) | {
        'memory_frames': len(walk.answered_s),
        'memory_mb': begin_mb,
        'memory_growth_mb': grown_mb,
        'memory_superseded': walk.lost,
        'load_at_start': load,
    }


def resident_mb(pid: int) -> float:
    """
    Read how much memory a process has in RAM.

    :param pid: of a process that runs.
    :returns: MB.
    """
    pages = int(Path(f'/proc/{pid}/statm').read_text(encoding='utf-8').split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6


def _round(bare: BareLoop, camera: BenchCamera) -> Round:
    bare_s = bare.run(BLOCK_FRAMES)
    streamed, alone = (camera.walk(BLOCK_FRAMES, in_flight) for in_flight in (2, 1))
    overlay = camera.listen_to_overlay()
    drawn = camera.walk(BLOCK_FRAMES, 1, answers=2)
    camera.destroy_subscription(overlay)
    return Round(bare_s, streamed, alone, drawn)


def _flood(camera: BenchCamera) -> Flood:
    """Send twice as many frames as the node can take, going by what it did just before."""
    frame_s = 1.0 / fps_of([camera.walk(BLOCK_FRAMES, 2)])
    return camera.flood(round(_FLOOD_S * _FLOOD_RATE / frame_s), frame_s, frame_s / _FLOOD_RATE)


@contextmanager
def _edge(folder: Path) -> Iterator[tuple[NodeProcesses, BenchCamera]]:
    """Run the edge node with a camera; a threshold of 0 makes every frame easy."""
    program = NodeProgram('edge', 'laecips_edge.edge_node', {'miner.threshold': 0.0})
    with _shared_memory(), private_domain(os.getpid()), NodeProcesses([program], folder) as nodes:
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        with ExitStack() as stack:
            stack.callback(rclpy.try_shutdown)
            camera = BenchCamera(bench_images())
            stack.callback(camera.close)
            try:
                camera.wait_until_ready()
            except BenchError:
                # A node that ended says better why than the one that waited for it.
                nodes.check()
                raise
            yield nodes, camera


@contextmanager
def _shared_memory() -> Iterator[None]:
    """Give images room in shared memory; without it, best-effort subscribers miss frames."""
    profile = Path(get_package_share_directory('laecips_bringup')) / 'config' / 'fastdds.xml'
    added = [name for name in _PROFILE_VARIABLES if name not in os.environ]
    os.environ.update(dict.fromkeys(added, str(profile)))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
