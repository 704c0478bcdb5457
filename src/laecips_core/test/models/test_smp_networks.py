from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import ConfigError
from laecips_core.errors import UnknownNameError
from laecips_core.models.library_import import import_library
from laecips_core.models.smp_networks import find

torch.set_num_threads(1)


def built(name: str, classes: int = 3) -> nn.Module:
    torch.manual_seed(0)
    return find(name, EdgeModelConfig(f'smp:{name}'))(classes).eval()


@pytest.mark.parametrize(
    ('name', 'size_px', 'map_px'),
    [
        ('unet/resnet18', (64, 96), (64, 96)),
        ('fpn/mobilenet_v2', (64, 96), (16, 24)),
        ('fpn/mobilenet_v2', (60, 90), (16, 24)),
        ('dpt/tu-vit_tiny_patch16_224', (64, 96), (64, 96)),
    ],
)
def test_it_scores_every_class_at_its_own_resolution(
    name: str, size_px: tuple[int, int], map_px: tuple[int, int]
) -> None:
    with torch.inference_mode():
        logits = built(name)(torch.rand(1, 3, *size_px) * 255)
    assert logits.shape == (1, 3, *map_px)
    assert logits.isfinite().all()


def test_it_scores_as_the_library_does_before_it_enlarges() -> None:
    torch.manual_seed(0)
    library = import_library('segmentation_models_pytorch')
    theirs = library.create_model('fpn', 'mobilenet_v2', encoder_weights=None, classes=3).eval()
    ours = built('fpn/mobilenet_v2')
    ours.get_submodule('network').load_state_dict(theirs.state_dict())
    images = torch.rand(1, 3, 64, 96) * 255
    mean, deviation = (
        torch.tensor(values).view(1, 3, 1, 1)
        for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    with torch.inference_mode():
        expected = theirs((images / 255 - mean) / deviation)
        found = ours(images)
    enlarged = functional.interpolate(found, (64, 96), mode='bilinear', align_corners=True)
    torch.testing.assert_close(enlarged, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ('name', 'known'),
    [
        ('unet3/resnet18', 'smp:unet/ENCODER'),
        ('unet', 'smp:unet/resnet18'),
        ('unet/resnet19', 'smp:unet/tu-NAME_IN_TIMM'),
        ('/', 'smp:fpn/ENCODER'),
    ],
)
def test_an_unknown_name_is_refused_with_those_there_are(name: str, known: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"one of .*{known}.*, got 'smp:{name}'"):
        find(name, EdgeModelConfig())


@pytest.mark.parametrize('name', ['dpt/resnet18', 'unet/tu-nonsense'])
def test_parts_that_do_not_go_together_are_refused(name: str) -> None:
    match = rf"model\.name: expected an architecture and an encoder .*, got 'smp:{name}'"
    with pytest.raises(ConfigError, match=match):
        find(name, EdgeModelConfig())(3)


def test_a_class_map_is_refused_since_it_has_no_classes() -> None:
    match = r'model\.classes: expected none: smp:unet/resnet18 has no classes of its own'
    with pytest.raises(ConfigError, match=match):
        find('unet/resnet18', EdgeModelConfig(classes='map.yaml'))
