"""The bare model loop of ``laecips bench edge``: no ROS, nothing but model and arg max."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from types import TracebackType

import cv2
import numpy as np

from laecips_bringup.bench_error import BenchError
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeConfig
from laecips_core.datasets.patrol.patrol import Patrol
from laecips_core.engines.processor_share import share_processor
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.pipeline.edge import predict
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.values import Frame
from laecips_core.values import Image

SIZE_PX = (480, 640)
_FRAMES = 8
_STOP_S = 5.0


def bench_images() -> list[Image]:
    """Give the frames that node and bare loop get, (480, 640, 3) uint8 RGB, of the patrol."""
    patrol = Patrol(DataSetConfig(frames=_FRAMES))
    size = SIZE_PX[::-1]
    images = [cv2.resize(patrol[k].frame.image, size) for k in range(len(patrol))]
    return [np.ascontiguousarray(image, np.uint8) for image in images]


class BareLoop:
    """The bare loop as a process of its own, so that it and the node differ in ROS alone."""

    def __enter__(self) -> BareLoop:
        """Start it."""
        command = [sys.executable, '-m', 'laecips_bringup.edge_bench_bare']
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        with self._process:
            self._process.kill()

    def run(self, frames: int) -> list[float]:
        """
        Label some frames, one after the other.

        :param frames: how many.
        :returns: seconds that each took.
        :raises BenchError: when the process has ended.
        """
        to_loop, from_loop = self._process.stdin, self._process.stdout
        assert to_loop is not None
        assert from_loop is not None
        print(frames, file=to_loop, flush=True)
        line = from_loop.readline()
        if not line:
            raise BenchError('the bare loop', 'its end')
        times_s: list[float] = json.loads(line)
        return times_s


def main() -> int:
    """Time as many frames as each line of the input says; answer with a JSON line."""
    share_processor()
    parts = build_edge(EdgeConfig()).pipeline.running.parts
    frames = [Frame(image, k, f'bench/{k}') for k, image in enumerate(bench_images())]
    for line in sys.stdin:
        times_s = []
        for k in range(int(line)):
            started_s = time.perf_counter()
            edge_segmentation(predict(parts, frames[k % len(frames)]))
            times_s.append(time.perf_counter() - started_s)
        print(json.dumps(times_s), flush=True)
    return os.EX_OK


if __name__ == '__main__':
    sys.exit(main())
