from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import WeightsError
from laecips_core.models.published import head_builder
from laecips_core.models.published import PublishedModel

MAP = 'classes: [{name: ground, colour: [1, 2, 3], from: [road, grass]}]'


def build(classes: int) -> nn.Module:
    return nn.Conv2d(3, classes, 1)


MODEL = PublishedModel('family:model', ('road', 'sky', 'grass'), build, lambda network: None)


@pytest.fixture
def mapped(tmp_path: Path) -> EdgeModelConfig:
    path = tmp_path / 'map.yaml'
    path.write_text(MAP)
    return EdgeModelConfig(classes=str(path))


def test_without_a_class_map_the_head_has_the_classes_asked_for() -> None:
    assert head_builder(MODEL, EdgeModelConfig()) is build


def test_with_a_class_map_the_head_has_its_own_classes_and_gives_those_of_the_map(
    mapped: EdgeModelConfig,
) -> None:
    network = head_builder(MODEL, mapped)(1)
    assert network.get_parameter('network.bias').shape == (3,)
    assert network.get_buffer('shares').tolist() == [[1, 0, 1]]
    assert network(torch.zeros(1, 3, 2, 2)).shape == (1, 1, 2, 2)


def test_another_number_of_classes_than_that_of_the_map_is_refused(
    mapped: EdgeModelConfig,
) -> None:
    with pytest.raises(ConfigError, match=r'model\.classes: expected 2 classes, not ground'):
        head_builder(MODEL, mapped)(2)


def test_a_map_that_does_not_fit_is_refused_before_anything_is_built(
    mapped: EdgeModelConfig,
) -> None:
    model = PublishedModel('family:model', ('road', 'sky'), build, lambda network: None)
    with pytest.raises(WeightsError, match='classes of the model: road, sky'):
        head_builder(model, mapped)
