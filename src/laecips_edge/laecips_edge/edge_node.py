"""The node on the robot."""

from __future__ import annotations

from functools import partial
import sys

from laecips_core.config import EdgeConfig
from laecips_core.engines.processor_share import share_processor
from laecips_core.pipeline.build_edge import build_edge
from laecips_core.values import WeightManifest
from laecips_edge.installer import Installer
from laecips_edge.outputs import Outputs
from laecips_edge.running_edge import RunningEdge
from laecips_ros.counters import Counters
from laecips_ros.entities import Entities
from laecips_ros.lifecycle import ManagedNode
from laecips_ros.lifecycle import started
from laecips_ros.program import event_executor
from laecips_ros.program import run_node

PACKAGES = ('laecips_core', 'laecips_ros', 'laecips_edge')


class LoadedEdge:
    """Model, weights and what is installed on the disk."""

    def __init__(self, config: EdgeConfig, counters: Counters) -> None:
        """
        Load the weights.

        :param config: checked settings.
        :param counters: where everything is counted.
        :raises LaecipsError: as :func:`build_edge`.
        """
        self._config, self._counters = config, counters
        self._running: RunningEdge | None = None
        self.edge = build_edge(config)
        frames = config.updates.probation_frames
        self.installer = Installer(self.edge, frames, self._announce, counters)

    def start(self, node: Entities) -> RunningEdge:
        """Take frames, and announce the weights in use."""
        running = RunningEdge(node, self._config, self.edge, self.installer, self._counters)
        self._running = running
        self._announce(self.installer.running.manifest)
        return running

    def configure(self, config: EdgeConfig) -> None:
        """Change δ, its controller and the length of a probation."""
        self._config = config
        self.edge.pipeline.controller.configure(config.controller, config.miner.threshold)
        self.installer.configure(config.updates.probation_frames)

    def close(self) -> None:
        """Finish an update in hand, and write down that the edge ended in order."""
        self.installer.close()

    def _announce(self, manifest: WeightManifest) -> None:
        # While inactive nobody is told; the next start tells it.
        if self._running is not None:
            self._running.outputs.publish_version(manifest)


class EdgeNode(ManagedNode):
    """A frame in, a mask out, and hard frames to the cloud."""

    rates = Outputs.rates

    def __init__(self) -> None:
        """Declare the parameters; a LaecipsError says what was wrong with one."""
        super().__init__('edge', EdgeConfig(), PACKAGES)

    def machine(self, config: EdgeConfig) -> str:
        """Name the robot."""
        return config.uplink.robot

    def load(self, config: EdgeConfig) -> LoadedEdge:
        """Load the weights."""
        return LoadedEdge(config, self.counters)


def main() -> int:
    """Run the node until it is told to stop."""
    share_processor()
    return run_node(partial(started, EdgeNode), make_executor=event_executor)


if __name__ == '__main__':
    sys.exit(main())
