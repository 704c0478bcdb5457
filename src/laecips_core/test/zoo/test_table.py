from __future__ import annotations

import re

import pytest

from laecips_core.config import EdgeModelConfig
from laecips_core.models.torchvision_import import import_torchvision
from laecips_core.registry import EDGE_NETWORKS
from laecips_core.registry import MASK_FAMILIES
from laecips_core.registry import MASK_GENERATORS
from laecips_core.registry import network_builder
from laecips_core.registry import NETWORK_FAMILIES
from laecips_core.zoo.entry import Entry
from laecips_core.zoo.entry import hub_repository
from laecips_core.zoo.table import TABLE

FILES = [entry for entry in TABLE if entry.file is not None]


def test_every_name_stands_once() -> None:
    names = [entry.name for entry in TABLE]
    assert len(names) == len(set(names))


def test_every_name_can_be_chosen() -> None:
    for entry in TABLE:
        name = entry.name.removeprefix('teacher:')
        family = name.partition(':')[0]
        known = {*EDGE_NETWORKS, *MASK_GENERATORS, *NETWORK_FAMILIES, *MASK_FAMILIES}
        assert family in known, name


def test_each_network_of_ours_is_in_the_table() -> None:
    assert EDGE_NETWORKS.keys() <= {entry.name for entry in TABLE}


@pytest.mark.parametrize('entry', FILES, ids=lambda entry: entry.name)
def test_file_has_address_size_and_digest(entry: Entry) -> None:
    file = entry.file
    assert file is not None
    assert re.fullmatch(r'https://[a-z.]+/[A-Za-z0-9_/.-]+\.pth', file.address)
    assert re.fullmatch(r'[0-9a-f]{8}|[0-9a-f]{64}', file.sha256)
    assert file.size_bytes > 1_000_000


def test_torchvision_agrees_on_addresses_sizes_and_parameters() -> None:
    import_torchvision()
    from torchvision.models import get_model_weights

    entries = [entry for entry in FILES if entry.name.startswith('torchvision:')]
    assert len(entries) == 6
    for entry in entries:
        file = entry.file
        assert file is not None
        (weights,) = get_model_weights(entry.name.removeprefix('torchvision:'))
        assert file.address == weights.url
        assert abs(file.size_bytes - weights.meta['_file_size'] * 2**20) <= 1
        assert entry.parameters_million == round(weights.meta['num_params'] / 1e6, 1)


@pytest.mark.parametrize('name', EDGE_NETWORKS)
def test_parameters_of_our_networks_are_counted(name: str) -> None:
    network = network_builder(EdgeModelConfig(name=name))(12)
    million = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    (entry,) = [entry for entry in TABLE if entry.name == name]
    assert entry.parameters_million == round(million, 1)


@pytest.mark.parametrize(
    ('name', 'repository'),
    [
        ('hf:nvidia/b0', 'nvidia/b0'),
        ('teacher:hf:nvidia/b5', 'nvidia/b5'),
        ('mix:hf:nvidia/b5', 'nvidia/b5'),
        ('hf-sam:facebook/sam-vit-base', 'facebook/sam-vit-base'),
        ('sam3:facebook/sam3', 'facebook/sam3'),
        ('hf:/srv/models/b0', ''),
        ('hf:./b0', ''),
        ('hf:~/b0', ''),
        ('hf:b0', ''),
        ('sam:vit_b', ''),
        ('rfnet', ''),
    ],
)
def test_repository_of_a_name(name: str, repository: str) -> None:
    assert hub_repository(name) == repository
