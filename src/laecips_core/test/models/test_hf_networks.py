from __future__ import annotations

import json
from pathlib import Path
import shutil
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from laecips_core.config import EdgeModelConfig
from laecips_core.errors import UnknownNameError
from laecips_core.errors import WeightsError
from laecips_core.models.class_mapped import ClassMapped
from laecips_core.models.hf_networks import describe
from laecips_core.models.hf_networks import find
from laecips_core.models.hf_networks import logits_of_queries
from laecips_core.models.library_import import import_library
from laecips_core.registry import network_builder

torch.set_num_threads(1)

NAMES = ('road', 'grass', 'tree', 'sky')


def loaded(folder: Path) -> nn.Module:
    model = describe(str(folder))
    network = model.build(len(model.classes))
    model.load(network)
    return network.eval()


def test_a_segformer_scores_as_in_transformers(segformer: Path) -> None:
    transformers = import_library('transformers')
    theirs = transformers.SegformerForSemanticSegmentation.from_pretrained(segformer).eval()
    processor = transformers.SegformerImageProcessor.from_pretrained(segformer, do_resize=False)
    images = torch.randint(256, (2, 3, 64, 96), dtype=torch.uint8)
    with torch.inference_mode():
        expected = theirs(**processor(list(images), return_tensors='pt')).logits
        found = loaded(segformer)(images.float())
    assert found.shape == (2, 4, 16, 24)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_a_mask2former_names_the_classes_that_transformers_does(mask2former: Path) -> None:
    transformers = import_library('transformers')
    network = loaded(mask2former)
    images = torch.rand(1, 3, 64, 96) * 255
    with torch.inference_mode():
        found = network(images)
        scaled = (images - network.get_buffer('mean')) / network.get_buffer('deviation')
        output = network.get_submodule('network')(pixel_values=scaled)
    # Theirs enlarges the masks to 384 first; with masks of that size both see the same.
    masks = nn.functional.interpolate(output.masks_queries_logits, (384, 384), mode='bilinear')
    larger = SimpleNamespace(
        class_queries_logits=output.class_queries_logits, masks_queries_logits=masks
    )
    processor = transformers.Mask2FormerImageProcessor()
    (expected,) = processor.post_process_semantic_segmentation(larger)
    logits = logits_of_queries(output.class_queries_logits, masks)
    assert found.shape == (1, 4, 16, 24)
    assert torch.equal(found, logits_of_queries(*output_of(output)))
    assert torch.equal(logits.argmax(dim=1)[0], expected)


def output_of(output: SimpleNamespace) -> tuple[torch.Tensor, torch.Tensor]:
    return output.class_queries_logits, output.masks_queries_logits


def test_random_masks_name_the_classes_that_transformers_does() -> None:
    generator = torch.Generator().manual_seed(0)
    output = SimpleNamespace(
        class_queries_logits=torch.randn(2, 7, 4, generator=generator) * 3,
        masks_queries_logits=torch.randn(2, 7, 384, 384, generator=generator) * 5,
    )
    processor = import_library('transformers').Mask2FormerImageProcessor()
    expected = torch.stack(processor.post_process_semantic_segmentation(output))
    assert torch.equal(logits_of_queries(*output_of(output)).argmax(dim=1), expected)
    assert len(expected.unique()) == 3


def test_the_softmax_of_masks_is_each_score_divided_by_their_sum() -> None:
    half = torch.tensor(0.5).logit()
    classes = torch.tensor([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]).log()[None]
    masks = torch.tensor([torch.inf, half]).view(1, 2, 1, 1)
    scores = torch.tensor([0.6 + 0.1, 0.3 + 0.1])
    found = logits_of_queries(classes, masks).softmax(dim=1).flatten()
    torch.testing.assert_close(found, scores / scores.sum())


def test_a_place_in_no_mask_has_finite_logits() -> None:
    masks = torch.full((1, 2, 1, 1), -torch.inf)
    assert logits_of_queries(torch.zeros(1, 2, 4), masks).isfinite().all()


@pytest.mark.parametrize('name', ['segformer', 'mask2former'])
def test_a_head_has_as_many_classes_as_are_asked_for(
    name: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(name)
    assert describe(str(folder)).classes == NAMES
    network = network_builder(EdgeModelConfig(f'hf:{folder}'))(7).eval()
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 7, 16, 16)


def test_it_is_built_alike_from_one_seed(segformer: Path) -> None:
    build = find(str(segformer), EdgeModelConfig())
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(build(5).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_class_map_joins_its_classes(segformer: Path, tmp_path: Path) -> None:
    path = tmp_path / 'map.yaml'
    path.write_text(
        'classes: [{name: ground, colour: [1, 2, 3], from: [road, grass]},'
        '{name: sky, colour: [4, 5, 6], from: [sky]}]'
    )
    network = find(str(segformer), EdgeModelConfig(classes=str(path)))(2)
    assert isinstance(network, ClassMapped)
    assert network.shares.tolist() == [[1, 1, 0, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize('kind', ['bert', 'detr', 'sam'])
def test_a_model_that_scores_no_classes_is_refused(
    kind: str, segformer: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(segformer, tmp_path / 'copy'))
    (copy / 'config.json').write_text(json.dumps({'model_type': kind}))
    match = rf"type of hf:.*: expected one of .*mask2former.*segformer.*, got '{kind}'"
    with pytest.raises(UnknownNameError, match=match):
        find(str(copy), EdgeModelConfig())


def test_an_auxiliary_head_is_left_out(tmp_path: Path) -> None:
    transformers = import_library('transformers')
    torch.manual_seed(0)
    config = transformers.BeitConfig(
        image_size=64,
        patch_size=16,
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        out_indices=[1, 2, 3, 4],
        auxiliary_channels=8,
        use_auxiliary_head=True,
        num_labels=3,
    )
    transformers.BeitForSemanticSegmentation(config).save_pretrained(tmp_path)
    network = loaded(tmp_path)
    assert not [name for name in network.state_dict() if 'auxiliary' in name]
    with torch.inference_mode():
        assert network(torch.zeros(1, 3, 64, 64)).shape[:2] == (1, 3)


@pytest.mark.parametrize(
    'facts', [{'depths': [1]}, {'num_attention_heads': [3, 0]}, {'hidden_act': 'nonsense'}]
)
def test_a_configuration_of_sizes_that_do_not_go_together_is_refused(
    facts: dict[str, object], segformer: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copytree(segformer, tmp_path / 'copy')) / 'config.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
    with pytest.raises(WeightsError, match=r'hf:.*: expected a configuration that a network can'):
        find(str(path.parent), EdgeModelConfig())(3)
