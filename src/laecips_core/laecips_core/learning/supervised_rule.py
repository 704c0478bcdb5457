"""The update rule for labels that know more than the edge model."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from functools import partial

import torch

from laecips_core.config import UpdateConfig
from laecips_core.learning.augment import augment
from laecips_core.learning.augment import with_harder_copies
from laecips_core.learning.benefit_training import with_benefit
from laecips_core.learning.class_balance import class_weights
from laecips_core.learning.early_stop import EarlyStop
from laecips_core.learning.edge_training import EdgeSteps
from laecips_core.learning.edge_training import train_edge
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.miner_training import train_miner
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.restyle import restyled
from laecips_core.learning.statistics import mix_statistics
from laecips_core.learning.tensors import joined
from laecips_core.learning.tensors import sample_set
from laecips_core.learning.tensors import source_set
from laecips_core.learning.tensors import TrainingSet
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample
from laecips_core.values import UNLABELLED

_HOLD_BACK_EVERY = 5

_STATISTICS_SOURCE_FRAMES = 64
"""Source frames whose batch-norm statistics stand for the pretraining domain."""

_MINER_SOURCE_FRAMES = 24
"""Source frames that the miner learns from, beside three copies of each in bad light."""


class SupervisedRule:
    """
    Batch-norm statistics of the new frames, then gentle steps on labels that are trusted.

    Meant for a label source beside the edge model, such as a teacher. Source frames are mixed
    into every batch, a share of them in the colours of the new frames: there the truth is known.
    Classes may be balanced; training may end early by held-back frames. The miner learns from
    source frames, copies of them in bad light, and the new frames.

    :param config: all settings of the update.
    :param plan: the networks.
    """

    name = 'supervised'

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
        :param samples: hard frames with labels; never empty.
        :param source: annotated frames to replay; may be empty.
        :param seed: of the choice and order of frames.
        :param checkpoint: called before every step; what it raises ends the round.
        :returns: the candidate.
        """
        config, size_px = self._config, self._plan.input_size_px
        pair = build_pair(self._plan, start, seed)
        labelled = sample_set(samples, size_px, config.min_label_confidence)
        kept = self._source(source, samples) if source else None
        self._adapt(pair, labelled, source_set(source, size_px) if source else None)
        trained, held_back = self._split(pair, labelled)
        steps = self._steps(joined([trained, kept] if kept else [trained]), seed)
        train_edge(
            pair.edge,
            trained,
            kept,
            steps,
            before_step=self._before_step(pair, trained, kept, steps),
            checkpoint=checkpoint,
            held_back=held_back,
        )
        self._train_miner(pair, labelled, kept, seed, checkpoint)
        return with_benefit(pair, labelled).weights()

    def _source(self, source: Sequence[LabelledFrame], samples: Sequence[Sample]) -> TrainingSet:
        count = round(len(source) * self._config.restyled_share)
        drawn = set(torch.randperm(len(source))[:count].tolist())
        changed = [item for number, item in enumerate(source) if number in drawn]
        unchanged = [item for number, item in enumerate(source) if number not in drawn]
        recent = [sample.frame.image for sample in samples]
        return source_set(unchanged + restyled(changed, recent), self._plan.input_size_px)

    def _adapt(self, pair: NetworkPair, labelled: TrainingSet, source: TrainingSet | None) -> None:
        if source is not None:
            # From the source's statistics anew: mixed into the parent's, round after round, the
            # new frames would take over.
            few = source.part(torch.randperm(len(source))[:_STATISTICS_SOURCE_FRAMES])
            mix_statistics(pair.edge, few, 1.0)
        mix_statistics(pair.edge, labelled, self._config.statistics_mix)

    def _before_step(
        self,
        pair: NetworkPair,
        labelled: TrainingSet,
        source: TrainingSet | None,
        steps: EdgeSteps,
    ) -> Callable[[], None]:
        return go_on

    def _split(
        self, pair: NetworkPair, labelled: TrainingSet
    ) -> tuple[TrainingSet, EarlyStop | None]:
        patience = self._config.patience_epochs
        rows = torch.arange(len(labelled))
        # A frame without a label has no loss, which nothing could be better than.
        labels_any = (labelled.labels != UNLABELLED).flatten(1).any(1)
        hidden = ((rows + 1) % _HOLD_BACK_EVERY == 0) & labels_any
        if not patience or not hidden.any():
            return labelled, None
        stop = EarlyStop(labelled.part(rows[hidden]), pair.edge, patience)
        return labelled.part(rows[~hidden]), stop

    def _steps(self, frames: TrainingSet, seed: int) -> EdgeSteps:
        config = self._config
        weights = None
        if config.class_balance:
            weights = class_weights(frames, self._plan.classes, config.class_balance)
        return EdgeSteps(
            learning_rate=config.learning_rate,
            epochs=config.epochs,
            batch_size=config.batch_size,
            source_share=config.source_share,
            label_weight=config.label_weight,
            class_weights=weights,
            vary=partial(augment, generator=torch.Generator().manual_seed(seed)),
        )

    def _train_miner(
        self,
        pair: NetworkPair,
        labelled: TrainingSet,
        kept: TrainingSet | None,
        seed: int,
        checkpoint: Callable[[], None],
    ) -> None:
        data = labelled
        if kept is not None:
            few = kept.part(torch.randperm(len(kept))[:_MINER_SOURCE_FRAMES])
            data = joined([with_harder_copies(few, seed), labelled])
        train_miner(
            pair,
            data,
            beta=self._config.beta,
            learning_rate=self._config.learning_rate,
            epochs=self._config.epochs,
            batch_size=self._config.batch_size,
            checkpoint=checkpoint,
        )
