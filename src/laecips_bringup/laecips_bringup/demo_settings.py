"""What each run of the demo changes in the nodes' defaults."""

from __future__ import annotations

from collections.abc import Mapping

METHODS = ('EDGE', 'CLOUD', 'LAECIPS')

# Deadlines no machine misses: a slow one changes times, not masks.
_PATIENT_EDGE: Mapping[str, object] = {'uplink.deadline_s': 60.0}
_FROZEN_CLOUD: Mapping[str, object] = {'update.rule': 'none'}

EDGE_SETTINGS: Mapping[str, Mapping[str, object]] = {
    'EDGE': {**_PATIENT_EDGE, 'miner.name': 'never'},
    'CLOUD': {**_PATIENT_EDGE, 'miner.name': 'always'},
    'LAECIPS': {**_PATIENT_EDGE},
}
"""Settings of the edge node by method."""

CLOUD_SETTINGS: Mapping[str, Mapping[str, object]] = {
    'EDGE': _FROZEN_CLOUD,
    'CLOUD': _FROZEN_CLOUD,
    # Rounds start on size alone: on time, the machine's speed would decide when.
    'LAECIPS': {'update.max_interval_s': 1e9},
}
"""Settings of the cloud node by method."""
