from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.config import MinerConfig
from laecips_core.engines.torch_engine import TorchEdgeModel
from laecips_core.errors import UnknownVersionError
from laecips_core.errors import WeightsError
from laecips_core.mining.confidence import SppMiner
from laecips_core.models.fast_scnn import FastScnn
from laecips_core.pipeline.edge import EdgeParts
from laecips_core.pipeline.versions import LoadedVersions
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import encode
from laecips_core.weights.store import VersionStore

CATALOGUE = ClassCatalogue(('road',), ((1, 2, 3),))
UPDATES = [
    encode(ModelWeights({'a': np.full(1, n)}, {}), model='net', catalogue=CATALOGUE)
    for n in range(4)
]
A, B, C, D = (update.manifest.version for update in UPDATES)
MODEL = TorchEdgeModel('fast_scnn', FastScnn(2), (32, 32))


class Loads:
    """Counts what is loaded."""

    def __init__(self) -> None:
        self.versions: list[str] = []

    def __call__(self, update: WeightUpdate) -> EdgeParts:
        self.versions.append(update.manifest.version)
        return EdgeParts(MODEL, SppMiner(MinerConfig()), update.manifest.version)


def store() -> VersionStore:
    held = VersionStore(None, 4, 100_000)
    for update in UPDATES:
        held.put(update)
    return held


def test_a_version_is_loaded_once() -> None:
    loads = Loads()
    versions = LoadedVersions(store().get, loads, 2)
    first = versions.parts_of(A)
    assert first.weights_version == A
    assert versions.parts_of(A) is first
    assert loads.versions == [A]


def test_the_least_recently_used_goes_first() -> None:
    loads = Loads()
    versions = LoadedVersions(store().get, loads, 2)
    for version in (A, B, A, C, A, B):
        versions.parts_of(version)
    assert loads.versions == [A, B, C, B]


@pytest.mark.parametrize('keep', [1, 2, 3])
def test_no_more_are_kept_than_asked_for(keep: int) -> None:
    loads = Loads()
    versions = LoadedVersions(store().get, loads, keep)
    for version in (A, B, C, D, *(D, C, B)[:keep]):
        versions.parts_of(version)
    assert loads.versions == [A, B, C, D]
    versions.parts_of(A)
    assert loads.versions[4:] == [A]


def test_a_loaded_version_is_given_though_the_store_dropped_it() -> None:
    held = VersionStore(None, 1, 100_000)
    versions = LoadedVersions(held.get, Loads(), 2)
    held.put(UPDATES[0])
    first = versions.parts_of(A)
    held.put(UPDATES[1])
    assert versions.parts_of(A) is first


def test_an_unknown_version_is_refused_and_nothing_is_dropped() -> None:
    loads = Loads()
    versions = LoadedVersions(store().get, loads, 1)
    versions.parts_of(A)
    with pytest.raises(UnknownVersionError, match=r"version: expected one of: .*, got 'none'"):
        versions.parts_of('none')
    versions.parts_of(A)
    assert loads.versions == [A]


def test_what_cannot_be_loaded_is_not_kept() -> None:
    def load(update: WeightUpdate) -> EdgeParts:
        raise WeightsError('tensors', 'others', update.manifest.version)

    versions = LoadedVersions(store().get, load, 2)
    for _ in range(2):
        with pytest.raises(WeightsError, match=f'tensors: expected others, got {A}'):
            versions.parts_of(A)


def test_several_threads_load_a_version_once() -> None:
    loads = Loads()
    versions = LoadedVersions(store().get, loads, 2)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(versions.parts_of, [A, B] * 40))
    assert {id(part) for part in found} == {id(versions.parts_of(A)), id(versions.parts_of(B))}
    assert sorted(loads.versions) == sorted([A, B])
