from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.models.class_mapped import ClassMapped
from laecips_core.models.torchvision_import import import_torchvision
from laecips_core.models.torchvision_networks import describe
from laecips_core.models.torchvision_networks import find
from laecips_core.registry import network_builder

torch.set_num_threads(1)

SMALL = 'lraspp_mobilenet_v3_large'
LARGER = 'deeplabv3_mobilenet_v3_large'


def built(name: str, classes: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return find(name, EdgeModelConfig(f'torchvision:{name}'))(classes).eval()


@pytest.mark.parametrize(('name', 'map_px'), [(SMALL, (8, 12)), (LARGER, (4, 6))])
def test_it_scores_as_torchvision_does_before_it_enlarges(
    name: str, map_px: tuple[int, int]
) -> None:
    network = built(name)
    images = torch.rand(1, 3, 64, 96) * 255
    mean, deviation = (
        torch.tensor(values).view(1, 3, 1, 1)
        for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    with torch.inference_mode():
        found = network(images)
        theirs = network.get_submodule('network')((images / 255 - mean) / deviation)['out']
    assert found.shape == (1, 3, *map_px)
    enlarged = functional.interpolate(found, (64, 96), mode='bilinear', align_corners=False)
    torch.testing.assert_close(enlarged, theirs, rtol=1e-4, atol=1e-5)


def test_the_registry_finds_it_by_its_whole_name() -> None:
    network = network_builder(EdgeModelConfig(f'torchvision:{SMALL}'))(5).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 64)).shape[1] == 5


def test_its_own_classes_are_those_of_pascal_voc() -> None:
    names = describe(SMALL).classes
    assert (len(names), names[0], names[15]) == (21, '__background__', 'person')


def test_every_segmentation_model_of_torchvision_can_be_named() -> None:
    models = import_torchvision().models
    for name in models.list_models(models.segmentation):
        assert describe(name).classes


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    match = rf"model\.name: expected one of .*torchvision:{SMALL}, got 'torchvision:resnet18'"
    with pytest.raises(UnknownNameError, match=match):
        find('resnet18', EdgeModelConfig())


def test_a_class_map_joins_its_classes(tmp_path: Path) -> None:
    path = tmp_path / 'map.yaml'
    path.write_text(
        'classes: [{name: people, colour: [1, 2, 3], from: [person]},'
        '{name: animal, colour: [4, 5, 6], from: [cat, dog, horse]}]'
    )
    config = EdgeModelConfig(f'torchvision:{SMALL}', classes=str(path))
    network = find(SMALL, config)(2)
    assert isinstance(network, ClassMapped)
    assert network.shares.sum(dim=1).tolist() == [1, 3]
    assert network.state_dict()['network.network.classifier.low_classifier.bias'].shape == (21,)
    with pytest.raises(ConfigError, match=r'model\.classes: expected 5 classes, not people, ani'):
        find(SMALL, config)(5)


def test_a_class_map_of_classes_it_lacks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'map.yaml'
    path.write_text('classes: [{name: road, colour: [1, 2, 3], from: [road]}]')
    with pytest.raises(WeightsError, match=r"classes of the model: .*person.*, got 'road'"):
        find(SMALL, EdgeModelConfig(classes=str(path)))
