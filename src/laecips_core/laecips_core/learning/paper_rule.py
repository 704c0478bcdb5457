"""The paper's update rule: Algorithm 2, lines 21 and 22."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

import torch

from laecips_core.config import UpdateConfig
from laecips_core.learning.losses import frame_losses
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.miner_training import train_miner
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.tensors import batches
from laecips_core.learning.tensors import sample_set
from laecips_core.learning.tensors import TrainingSet
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample


class PaperRule:
    """
    First f on the fused labels (Eq. 13), then h with f frozen (Eq. 14); nothing else.

    On real video this can collapse: fused labels repeat the edge model's own class errors. It
    is here to reproduce the paper; ``careful`` is the default.

    :param config: learning rate, epochs, batch size, β.
    :param plan: the networks.
    """

    name = 'paper'

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
        Train once; deterministic for a given seed on one machine.

        :param start: the running weights.
        :param samples: hard frames with fused labels; never empty.
        :param source: not used by this rule.
        :param seed: of the order of batches and of dropout.
        :param checkpoint: called before every step; what it raises ends the round.
        :returns: the candidate.
        """
        del source
        pair = build_pair(self._plan, start, seed)
        data = sample_set(samples, self._plan.input_size_px, min_confidence=0)
        self._train_edge(pair, data, checkpoint)
        train_miner(
            pair,
            data,
            beta=self._config.beta,
            learning_rate=self._config.learning_rate,
            epochs=self._config.epochs,
            batch_size=self._config.batch_size,
            checkpoint=checkpoint,
        )
        return pair.weights()

    def _train_edge(
        self, pair: NetworkPair, data: TrainingSet, checkpoint: Callable[[], None]
    ) -> None:
        optimiser = torch.optim.Adam(pair.edge.parameters(), lr=self._config.learning_rate)
        pair.edge.train()
        for _ in range(self._config.epochs):
            order = torch.randperm(len(data))
            for rows in batches(order, self._config.batch_size, smallest=2):
                checkpoint()
                images, labels = data.batch(rows)
                loss = frame_losses(pair.edge(images), labels).mean()
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
        pair.edge.eval()
