"""The node on the server."""

from __future__ import annotations

from functools import partial
import sys
from typing import ClassVar

from laecips_cloud.learning import open_journal
from laecips_cloud.running_cloud import RunningCloud
from laecips_core.config import CloudConfig
from laecips_core.pipeline.build_cloud import build_cloud
from laecips_core.pipeline.build_cloud import check_cloud_config
from laecips_core.pipeline.releases import build_releases
from laecips_ros.counters import Counters
from laecips_ros.entities import Entities
from laecips_ros.lifecycle import ManagedNode
from laecips_ros.lifecycle import started
from laecips_ros.program import run_node

PACKAGES = ('laecips_core', 'laecips_ros', 'laecips_cloud')
EXECUTOR_THREADS = 3


class LoadedCloud:
    """Models, source frames, and the samples that wait for a round."""

    def __init__(self, config: CloudConfig, counters: Counters) -> None:
        """
        Load the models.

        :param config: checked settings.
        :param counters: where everything is counted.
        :raises LaecipsError: when one cannot be loaded, or the store not be used.
        """
        self._config, self._counters = config, counters
        self.cloud = build_cloud(config)
        self._releases = build_releases(config)
        self._journal = open_journal(config, counters)

    def start(self, node: Entities) -> RunningCloud:
        """Announce what runs, and offer the services."""
        return RunningCloud(
            node, self._config, self.cloud, self._releases, self._journal, self._counters
        )

    def configure(self, config: CloudConfig) -> None:
        """Change what gate and live watch tolerate."""
        self._config = config
        self.cloud.configure(config.update)

    def close(self) -> None:
        """Close the journal; the samples in it wait for the next start."""
        self._journal.close()


class CloudNode(ManagedNode):
    """Hard frames in, fused masks out, better weights back."""

    rates: ClassVar = {'frames': 'output_fps'}

    def __init__(self) -> None:
        """Declare the parameters; a LaecipsError says what was wrong with one."""
        super().__init__('cloud', CloudConfig(), PACKAGES)

    def check(self, config: CloudConfig) -> None:
        """Refuse values that do not go together."""
        check_cloud_config(config)

    def load(self, config: CloudConfig) -> LoadedCloud:
        """Load the models."""
        return LoadedCloud(config, self.counters)


def main() -> int:
    """Run the node until it is told to stop."""
    return run_node(partial(started, CloudNode), EXECUTOR_THREADS)


if __name__ == '__main__':
    sys.exit(main())
