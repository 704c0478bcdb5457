from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from laecips_core import registry
from laecips_core.config import ControllerConfig
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import FusionConfig
from laecips_core.config import MaskConfig
from laecips_core.config import MinerConfig
from laecips_core.config import UpdateConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.learning.miner_network import MinerNetwork
from laecips_core.learning.networks import NetworkPlan
from laecips_core.mining.benefit import benefit_arrays
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.models.state import arrays_of

PLAN = NetworkPlan(FastScnn, 3, (64, 96))


@pytest.mark.parametrize(
    ('name', 'path'),
    [
        *registry.MINERS.items(),
        *registry.WEIGHTED_MINERS.items(),
        *registry.CONTROLLERS.items(),
        *registry.MASK_GENERATORS.items(),
        *registry.FUSERS.items(),
        *registry.UPDATE_RULES.items(),
        *registry.DATA_SETS.items(),
    ],
)
def test_every_part_has_the_name_it_is_registered_under(name: str, path: str) -> None:
    module, _, attribute = path.partition(':')
    assert getattr(import_module(module), attribute).name == name


@pytest.mark.parametrize('name', registry.EDGE_NETWORKS)
def test_every_edge_network_is_built_for_a_number_of_classes(name: str) -> None:
    network = registry.network_builder(EdgeModelConfig(name=name))(3).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 96)).shape[:2] == (1, 3)


def test_a_class_map_of_a_network_without_classes_of_its_own_is_refused() -> None:
    match = r"model\.classes: expected none: rfnet has no classes of its own, got 'map\.yaml'"
    with pytest.raises(ConfigError, match=match):
        registry.network_builder(EdgeModelConfig('rfnet', classes='map.yaml'))


@pytest.mark.parametrize('name', registry.MINERS)
def test_every_miner_is_built_without_weights(name: str) -> None:
    assert registry.build_miner(MinerConfig(name=name), 3, {}).name == name


@pytest.mark.parametrize('name', registry.WEIGHTED_MINERS)
def test_every_miner_with_weights_is_built_from_those_of_one_version(name: str) -> None:
    benefit = benefit_arrays(np.random.default_rng(0).random((20, 15)), np.arange(20.0))
    arrays = arrays_of(MinerNetwork(3)) | benefit
    assert registry.build_miner(MinerConfig(name), 3, arrays).name == name


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('learned', 'expected those of the learned miner, got none'),
        ('benefit', 'pretrain or let a training'),
    ],
)
def test_a_miner_with_weights_is_refused_without_them(name: str, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        registry.build_miner(MinerConfig(name), 3, {})


@pytest.mark.parametrize('name', registry.CONTROLLERS)
def test_every_controller_is_built_and_starts_from_the_threshold(name: str) -> None:
    controller = registry.build_controller(ControllerConfig(name=name, upload_rate=0.5), 0.25)
    assert (controller.name, controller.threshold()) == (name, 0.25)


@pytest.mark.parametrize('name', registry.MASK_GENERATORS)
def test_every_mask_generator_is_built(name: str) -> None:
    assert registry.build_mask_generator(MaskConfig(name=name)).name == name


@pytest.mark.parametrize('name', registry.FUSERS)
def test_every_fusion_rule_is_built(name: str) -> None:
    assert registry.build_fuser(FusionConfig(name=name)).name == name


@pytest.mark.parametrize('name', registry.UPDATE_RULES)
def test_every_update_rule_is_built(name: str) -> None:
    assert registry.build_update_rule(UpdateConfig(rule=name), PLAN).name == name


def test_a_data_set_is_opened() -> None:
    assert len(registry.build_dataset(DataSetConfig(name='patrol', frames=3))) == 3


@pytest.mark.parametrize(
    ('build', 'message'),
    [
        (
            lambda: registry.network_builder(EdgeModelConfig('x')),
            'model.name: .* fast_scnn, fast_scnn_wide, hf:NAME, rfnet',
        ),
        (lambda: registry.build_miner(MinerConfig('x'), 3, {}), 'miner.name: .*learned, mess'),
        (lambda: registry.build_controller(ControllerConfig('x'), 0), 'controller.name: .*fixed'),
        (lambda: registry.build_mask_generator(MaskConfig('x')), 'masks.name: .* none, regions'),
        (lambda: registry.build_fuser(FusionConfig('x')), 'fusion.name: .* log_mix, plain'),
        (lambda: registry.build_dataset(DataSetConfig('x')), 'dataset: .* folder, patrol'),
        (
            lambda: registry.build_update_rule(UpdateConfig(rule='x'), PLAN),
            'update.rule: .* careful, coordinates, paper, statistics, supervised, got',
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    build: Callable[[], Any], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message):
        build()


def test_the_registry_alone_loads_no_part() -> None:
    code = (
        'import sys, laecips_core.registry;'
        'print(sorted({"torch", "cv2", "skimage"} & sys.modules.keys()))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == '[]'
