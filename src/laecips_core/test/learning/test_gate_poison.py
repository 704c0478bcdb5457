"""Deliberately poisonous rules and labels, through the real trainer and gate."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import UpdateConfig
from laecips_core.engines.torch_engine import TorchEdgeModel
from laecips_core.learning.gate import ReleaseGate
from laecips_core.learning.miner_training import go_on
from laecips_core.learning.networks import build_pair
from laecips_core.learning.networks import NetworkPlan
from laecips_core.learning.trainer import RoundResult
from laecips_core.learning.trainer import Trainer
from laecips_core.metrics.confusion import ConfusionMatrix
from laecips_core.metrics.iou import dataset_miou
from laecips_core.ports import UpdateRule
from laecips_core.prediction_maps import edge_segmentation
from laecips_core.registry import build_update_rule
from laecips_core.values import Frame
from laecips_core.values import LabelledFrame
from laecips_core.values import LabelMap
from laecips_core.values import ModelWeights
from laecips_core.values import Prediction
from laecips_core.values import Sample
from laecips_core.values import Segmentation
from laecips_core.values import Source
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode

# Networks this small are slower on several threads, much slower on a busy machine.
torch.set_num_threads(1)

SIZE_PX = (32, 48)
CATALOGUE = ClassCatalogue(('red', 'green', 'blue'), ((255, 0, 0), (0, 255, 0), (0, 0, 255)))
CONFIG = UpdateConfig(
    gate_source_tolerance=0.01, gate_restyled_tolerance=0.01, gate_agreement_tolerance=0.02
)
ONLY_AGREEMENT = replace(CONFIG, gate_source_tolerance=1.0, gate_restyled_tolerance=1.0)
TRAINED_RULES = ['paper', 'careful', 'supervised', 'coordinates']


def build(classes: int) -> nn.Module:
    return nn.Sequential(nn.AvgPool2d(4), nn.Conv2d(3, classes, 1))


PLAN = NetworkPlan(build, 3, SIZE_PX)


def labelled(seed: int, deviation: float = 70.0) -> LabelledFrame:
    """Make a noisy frame of stripes whose colour, red, green or blue, is their class."""
    rng = np.random.default_rng(seed)
    labels = np.tile((rng.permutation(6) % 3).repeat(8).astype(np.uint8), (SIZE_PX[0], 1))
    noise = np.kron(rng.normal(0.0, deviation, (8, 12, 3)), np.ones((4, 4, 1)))
    image = (np.eye(3)[labels] * 200 + noise).clip(0, 255).astype(np.uint8)
    return LabelledFrame(Frame(image, seed, str(seed)), labels)


SOURCE = [labelled(seed) for seed in range(2)]
HELD_BACK = [labelled(seed) for seed in range(10, 14)]


def samples(
    relabelled: Callable[[LabelledFrame], LabelMap], count: int = 10, darkness: int = 1
) -> list[Sample]:
    """Make frames of a stream with the labels that a label source gave them."""
    made = []
    for item in (labelled(seed) for seed in range(20, 20 + count)):
        frame = replace(item.frame, image=item.frame.image // darkness)
        labels, sure = relabelled(replace(item, frame=frame)), np.full(SIZE_PX, 255, np.uint8)
        made.append(Sample(frame, Segmentation(labels, sure, Source.FUSED, 'v1')))
    return made


def true_labels(item: LabelledFrame) -> LabelMap:
    return item.labels


def permuted(item: LabelledFrame) -> LabelMap:
    """Call red green, green blue and blue red."""
    return ((item.labels + 1) % 3).astype(np.uint8)


def classifier(weight: float = 0.05, bias: Sequence[float] = (0.0, 0.0, 0.0)) -> ModelWeights:
    matrix = np.eye(3, dtype=np.float32)[..., None, None] * np.float32(weight)
    return ModelWeights({'1.weight': matrix, '1.bias': np.array(bias, np.float32)}, {})


def encode_from(candidate: ModelWeights, parent: str) -> WeightUpdate:
    return encode(candidate, model='net', catalogue=CATALOGUE, parent=parent)


def decode_all(update: WeightUpdate) -> ModelWeights:
    return decode(update, 1_000_000)


RUNNING = encode_from(classifier(), '')
BY_DAY = classifier(bias=(2.0, 0.0, 0.0))
"""Calls everything red that is darker than 40 of 255."""


@dataclass
class Gives:
    """A rule that gives one candidate whatever it is fed."""

    candidate: ModelWeights
    name: str = 'poison'

    def round(
        self,
        start: ModelWeights,
        samples: Sequence[Sample],
        source: Sequence[LabelledFrame],
        seed: int,
        checkpoint: Callable[[], None] = go_on,
    ) -> ModelWeights:
        return self.candidate


def run(
    rule: UpdateRule,
    given: list[Sample],
    config: UpdateConfig = CONFIG,
    held_back: Sequence[LabelledFrame] = HELD_BACK,
) -> RoundResult:
    gate = ReleaseGate(config, PLAN, held_back)
    trainer = Trainer(rule, gate, SOURCE, decode_all, encode_from, seed=0)
    return trainer.round(RUNNING, given, 1)


def labels_of(weights: ModelWeights, item: LabelledFrame) -> LabelMap:
    model = TorchEdgeModel('net', build_pair(PLAN, weights, 0).edge, SIZE_PX)
    softmax = model.predict([item.frame.image])[0]
    return edge_segmentation(Prediction(softmax, SIZE_PX, '')).labels


def miou(weights: ModelWeights) -> float:
    confusion = ConfusionMatrix(3)
    for item in HELD_BACK:
        confusion.update(labels_of(weights, item), item.labels)
    return dataset_miou(confusion.matrix)


def violent(rule: str, **settings: float) -> UpdateConfig:
    """Set a rule to follow its labels wherever they lead."""
    return replace(
        CONFIG,
        rule=rule,
        learning_rate=0.03,
        epochs=12,
        max_label_loss=1e6,
        pseudo_weight=1.0,
        coordinate_share=1.0,
        **settings,
    )


def test_the_running_weights_themselves_are_released() -> None:
    assert run(Gives(classifier()), samples(true_labels)).update is not None


@pytest.mark.parametrize('seed', range(8))
def test_random_weights_are_not_released(seed: int) -> None:
    candidate = build_pair(PLAN, None, seed).weights()
    assert run(Gives(candidate), samples(true_labels)).update is None


@pytest.mark.parametrize('only', range(3))
def test_a_collapse_to_one_class_is_not_released(only: int) -> None:
    candidate = classifier(bias=[60_000.0 * (number == only) for number in range(3)])
    # Labels that collapsed as well: the agreement alone would rise to 1.
    given = samples(lambda item: np.full_like(item.labels, only))
    assert run(Gives(candidate), given, ONLY_AGREEMENT).update is not None
    assert run(Gives(candidate), given).update is None


def test_weights_good_on_source_frames_and_bad_in_the_dark_are_not_released_in_the_dark() -> None:
    # The labels of the stream follow the poison, so that only the source frames tell.
    given = samples(lambda item: labels_of(BY_DAY, item), darkness=10)
    clear = [labelled(seed, deviation=10.0) for seed in range(10, 14)]
    blind = replace(CONFIG, gate_restyled_tolerance=1.0)
    assert run(Gives(BY_DAY), given, blind, clear).update is not None
    refused = run(Gives(BY_DAY), given, CONFIG, clear)
    assert refused.update is None
    assert 'source mIoU 1.000 to 1.000 on 4 frames' in refused.reason


@pytest.mark.parametrize('source_share', [0.0, 0.5])
@pytest.mark.parametrize('rule', TRAINED_RULES)
def test_what_was_trained_on_permuted_labels_is_not_released(
    rule: str, source_share: float
) -> None:
    config = violent(rule, source_share=source_share)
    assert run(build_update_rule(config, PLAN), samples(permuted), config).update is None


@pytest.mark.parametrize('rule', TRAINED_RULES)
def test_agreement_with_permuted_labels_alone_would_release_it(rule: str) -> None:
    config = violent(rule, source_share=0.0)
    result = run(build_update_rule(config, PLAN), samples(permuted), ONLY_AGREEMENT)
    assert result.update is not None
    assert miou(decode_all(result.update)) < 0.5 * miou(classifier())


def test_many_small_doses_do_not_add_up() -> None:
    config = replace(CONFIG, rule='paper', learning_rate=0.002, epochs=1)
    gate = ReleaseGate(config, PLAN, HELD_BACK)
    rule = build_update_rule(config, PLAN)
    trainer = Trainer(rule, gate, SOURCE, decode_all, encode_from, seed=0)
    running, released = RUNNING, 0
    for number in range(1, 11):
        result = trainer.round(running, samples(permuted), number)
        if result.update is not None:
            running, released = result.update, released + 1
    assert released > 0
    assert miou(decode_all(running)) >= miou(classifier()) - CONFIG.gate_source_tolerance


POISON = {
    'random': build_pair(PLAN, None, 0).weights(),
    'collapse': classifier(bias=(0.0, 1000.0, 0.0)),
    'permuted': ModelWeights(
        {**classifier().edge, '1.weight': np.roll(classifier().edge['1.weight'], 1, axis=0)}, {}
    ),
}


@pytest.mark.parametrize('poison', POISON)
@pytest.mark.parametrize('retries', [1, 10])
def test_weaker_doses_add_up_to_no_more_than_the_tolerance(poison: str, retries: int) -> None:
    gate = ReleaseGate(CONFIG, PLAN, HELD_BACK)
    rule = Gives(POISON[poison])
    trainer = Trainer(rule, gate, SOURCE, decode_all, encode_from, seed=0, retries=retries)
    running = RUNNING
    for number in range(1, 6):
        result = trainer.round(running, samples(true_labels), number)
        running = result.update or running
    assert miou(decode_all(running)) >= miou(classifier()) - CONFIG.gate_source_tolerance
