"""The supervised rule for a thin link: a few weights, chosen before they are trained."""

from __future__ import annotations

from collections.abc import Callable

import torch

from laecips_core.learning.coordinates import largest_gradients
from laecips_core.learning.coordinates import only
from laecips_core.learning.edge_training import batch_loss
from laecips_core.learning.edge_training import EdgeSteps
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.statistics import halve_precision
from laecips_core.learning.supervised_rule import SupervisedRule
from laecips_core.learning.tensors import batches
from laecips_core.learning.tensors import TrainingSet


class CoordinateRule(SupervisedRule):
    """
    Trains only the weights with the largest gradients, and leaves the learned miner as it is.

    The update then differs from its parent in ``coordinate_share`` of the weights and in the
    batch-norm statistics, which are rounded to half precision, and is small to send.
    """

    name = 'coordinates'

    def _adapt(self, pair: NetworkPair, labelled: TrainingSet, source: TrainingSet | None) -> None:
        super()._adapt(pair, labelled, source)
        halve_precision(pair.edge)

    def _before_step(
        self,
        pair: NetworkPair,
        labelled: TrainingSet,
        source: TrainingSet | None,
        steps: EdgeSteps,
    ) -> Callable[[], None]:
        pair.edge.zero_grad()
        for rows in batches(torch.arange(len(labelled)), steps.batch_size):
            loss = batch_loss(pair.edge, labelled, source, rows, steps)
            loss.backward()  # type: ignore[no-untyped-call]
        return only(pair.edge, largest_gradients(pair.edge, self._config.coordinate_share))

    def _train_miner(
        self,
        pair: NetworkPair,
        labelled: TrainingSet,
        kept: TrainingSet | None,
        seed: int,
        checkpoint: Callable[[], None],
    ) -> None:
        """Leave the miner as it is: its weights would have to be sent, too."""
