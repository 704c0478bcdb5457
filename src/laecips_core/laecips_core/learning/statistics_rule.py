"""The smallest update rule: batch-norm statistics of the new frames, no gradients."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from laecips_core.config import UpdateConfig
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.statistics import halve_precision
from laecips_core.learning.statistics import mix_statistics
from laecips_core.learning.tensors import sample_set
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample


class StatisticsRule:
    """
    Mixes the new frames' batch-norm statistics into the running ones; labels are not read.

    A second or less of work and a few kB to send; the miner stays as it is.

    :param config: share of the new frames.
    :param plan: the networks.
    """

    name = 'statistics'

    def __init__(self, config: UpdateConfig, plan: NetworkPlan) -> None:
        """Keep the settings."""
        self._config = config
        self._plan = plan

    def round(
        self,
        start: ModelWeights,
        samples: Sequence[Sample],
        source: Sequence[LabelledFrame],
        seed: int,
        checkpoint: Callable[[], None] = go_on,
    ) -> ModelWeights:
        """
        Adapt once; deterministic on one machine.

        :param start: the running weights.
        :param samples: hard frames; never empty. Their labels are not read.
        :param source: not used by this rule.
        :param seed: not used: nothing is drawn.
        :param checkpoint: called once; what it raises ends the round.
        :returns: the candidate.
        """
        del source
        checkpoint()
        pair = build_pair(self._plan, start, seed)
        frames = sample_set(samples, self._plan.input_size_px, min_confidence=0)
        mix_statistics(pair.edge, frames, self._config.statistics_mix)
        halve_precision(pair.edge)
        return pair.weights()
