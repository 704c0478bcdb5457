"""The careful update rule: adapt to the new frames without forgetting the old."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

from laecips_core.config import UpdateConfig
from laecips_core.learning.augment import with_harder_copies
from laecips_core.learning.benefit_training import with_benefit
from laecips_core.learning.edge_training import EdgeSteps
from laecips_core.learning.edge_training import train_edge
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.miner_training import only_trusted
from laecips_core.learning.miner_training import train_miner
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.statistics import mix_statistics
from laecips_core.learning.tensors import sample_set
from laecips_core.learning.tensors import source_set
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample


class CarefulRule:
    """
    Batch-norm statistics of the new frames, then a few gentle steps with replay of source frames.

    Batch norm stays frozen during the steps. Fused labels weigh less than annotated ones; those of
    low confidence, and of frames that the miner gives up on, are not trained on at all. The miner
    learns from source frames and copies of them in bad light: fused labels repeat f's own class
    errors, so by them every frame is easy. Without source frames only the fused ones count.

    :param config: all settings of the update.
    :param plan: the networks.
    """

    name = 'careful'

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
        :param source: annotated frames to replay; may be empty.
        :param seed: of the choice and order of frames.
        :param checkpoint: called before every step; what it raises ends the round.
        :returns: the candidate.
        """
        config, size_px = self._config, self._plan.input_size_px
        pair = build_pair(self._plan, start, seed)
        fused = sample_set(samples, size_px, config.min_label_confidence)
        fused = only_trusted(pair, fused, config.beta, config.max_label_loss)
        kept = source_set(source, size_px) if source else None
        mix_statistics(pair.edge, fused, config.statistics_mix)
        steps = EdgeSteps(
            learning_rate=config.learning_rate,
            epochs=config.epochs,
            batch_size=config.batch_size,
            source_share=config.source_share,
            label_weight=config.pseudo_weight,
        )
        train_edge(pair.edge, fused, kept, steps, before_step=go_on, checkpoint=checkpoint)
        train_miner(
            pair,
            fused if kept is None else with_harder_copies(kept, seed),
            beta=config.beta,
            learning_rate=config.learning_rate,
            epochs=config.epochs,
            batch_size=config.batch_size,
            checkpoint=checkpoint,
        )
        return with_benefit(pair, fused).weights()
