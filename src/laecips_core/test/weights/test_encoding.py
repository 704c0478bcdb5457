from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightArrays
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.encoding import manifest_of
from laecips_core.weights.encoding import rounded
from laecips_core.weights.facts import ENCODING
from laecips_core.weights.facts import PayloadFacts
from laecips_core.weights.payload import pack
from laecips_core.weights.payload import tensors_sha256

CATALOGUE = ClassCatalogue(('road', 'wall'), ((1, 2, 3), (4, 5, 6)))
LIMIT = 100_000


def make_weights(seed: int = 0) -> ModelWeights:
    rng = np.random.default_rng(seed)
    edge: WeightArrays = {
        'conv.weight': rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
        'bn.running_var': rng.random(4).astype(np.float32),
        'bn.num_batches_tracked': np.array(12, np.int64),
    }
    return ModelWeights(edge, {'head.weight': rng.normal(size=(1, 4))})


def make_update() -> WeightUpdate:
    return encode(
        make_weights(), model='net', catalogue=CATALOGUE, parent='a' * 12, notes={'seed': '0'}
    )


def changed(update: WeightUpdate, **values: object) -> WeightUpdate:
    manifest = dataclasses.replace(update.manifest, **values)  # type: ignore[arg-type]
    return WeightUpdate(manifest, update.payload)


def forged(arrays: WeightArrays) -> WeightUpdate:
    facts = PayloadFacts('net', '', CATALOGUE, ENCODING, {}, tensors_sha256(arrays))
    payload = pack(arrays, facts)
    digest = hashlib.sha256(payload).hexdigest()
    manifest = dataclasses.replace(
        make_update().manifest,
        version=facts.version,
        tensors_sha256=facts.tensors_sha256,
        parent='',
        sha256=digest,
        size_bytes=len(payload),
    )
    return WeightUpdate(manifest, payload)


def same_bits(one: WeightArrays, two: WeightArrays) -> bool:
    return one.keys() == two.keys() and all(
        one[name].dtype == two[name].dtype
        and one[name].shape == two[name].shape
        and one[name].tobytes() == two[name].tobytes()
        for name in one
    )


def test_decoding_gives_the_rounded_weights_bit_for_bit() -> None:
    decoded, expected = decode(make_update(), LIMIT), rounded(make_weights())
    assert same_bits(decoded.edge, expected.edge)
    assert same_bits(decoded.miner, expected.miner)
    given = make_weights().edge
    assert decoded.edge['conv.weight'].dtype == np.float32
    half = given['conv.weight'].astype(np.float16).astype(np.float32)
    assert (decoded.edge['conv.weight'] == half).all()
    assert (decoded.edge['bn.running_var'] == given['bn.running_var']).all()
    assert decoded.edge['bn.num_batches_tracked'].dtype == np.int64
    assert decoded.edge['bn.num_batches_tracked'] == 12


def test_rounding_twice_changes_nothing_more() -> None:
    once = rounded(make_weights())
    assert same_bits(rounded(once).edge, once.edge)
    again = encode(once, model='net', catalogue=CATALOGUE)
    assert again.manifest.version == make_update().manifest.version


def test_the_manifest_says_what_the_payload_is() -> None:
    update = make_update()
    manifest = update.manifest
    assert (manifest.model, manifest.parent, manifest.notes) == ('net', 'a' * 12, {'seed': '0'})
    assert manifest.catalogue_sha256 == CATALOGUE.sha256
    assert manifest.encoding == 'safetensors-mixed16'
    assert manifest.size_bytes == len(update.payload)
    assert manifest.sha256 == hashlib.sha256(update.payload).hexdigest()
    assert len(manifest.version) == 12
    assert manifest_of(update.payload, LIMIT) == manifest
    assert catalogue_of(update) == CATALOGUE


def test_equal_input_gives_equal_bytes() -> None:
    assert {make_update().payload for _ in range(10)} == {make_update().payload}


def test_the_version_depends_on_the_numbers_alone() -> None:
    plain = encode(make_weights(), model='net', catalogue=CATALOGUE)
    assert plain.manifest.version == make_update().manifest.version
    assert plain.payload != make_update().payload
    other = encode(make_weights(1), model='net', catalogue=CATALOGUE)
    assert other.manifest.version != plain.manifest.version


def test_a_manifest_without_notes_is_accepted() -> None:
    assert decode(changed(make_update(), notes={}), LIMIT).miner


def test_weights_without_a_miner_are_accepted() -> None:
    update = encode(ModelWeights(make_weights().edge, {}), model='net', catalogue=CATALOGUE)
    assert decode(update, LIMIT).miner == {}


def test_weights_that_are_not_finite_are_refused() -> None:
    bad = ModelWeights({'a': np.array([np.nan])}, {})
    with pytest.raises(WeightsError, match=r'edge\.a: expected finite numbers'):
        encode(bad, model='net', catalogue=CATALOGUE)
    with pytest.raises(WeightsError, match=r'edge\.a: expected finite numbers'):
        rounded(bad)


def test_received_weights_that_are_not_finite_are_refused() -> None:
    update = forged({'miner.a': np.array([np.inf], '<f4')})
    with pytest.raises(WeightsError, match=r'miner\.a: expected finite numbers'):
        decode(update, LIMIT)
    with pytest.raises(WeightsError, match=r'miner\.a: expected finite numbers'):
        manifest_of(update.payload, LIMIT)


def test_a_payload_above_the_limit_is_refused_before_anything_else() -> None:
    update = changed(make_update(), sha256='f' * 64, size_bytes=1)
    size_bytes = len(update.payload)
    match = f'at most {size_bytes - 1} bytes, got {size_bytes}; raise limits.max_update_bytes'
    with pytest.raises(WeightsError, match=match):
        decode(update, size_bytes - 1)
    with pytest.raises(WeightsError, match=match):
        manifest_of(update.payload, size_bytes - 1)


def test_another_size_is_refused() -> None:
    update = make_update()
    cut = WeightUpdate(update.manifest, update.payload[:-1])
    size_bytes = len(update.payload)
    match = f'payload size: expected {size_bytes} bytes, got {size_bytes - 1}; send it again'
    with pytest.raises(WeightsError, match=match):
        decode(cut, LIMIT)


def test_another_digest_is_refused_before_parsing() -> None:
    update = make_update()
    garbage = WeightUpdate(update.manifest, b'\xff' * len(update.payload))
    with pytest.raises(DigestError, match=f'payload sha256: expected {update.manifest.sha256}'):
        decode(garbage, LIMIT)


def test_damaged_tensors_are_refused_even_when_announced() -> None:
    update = make_update()
    payload = update.payload[:-1] + bytes([update.payload[-1] ^ 1])
    damaged = WeightUpdate(update.manifest, payload)
    announced = changed(damaged, sha256=hashlib.sha256(payload).hexdigest())
    with pytest.raises(DigestError, match='payload tensors_sha256: expected'):
        decode(announced, LIMIT)


def test_another_version_is_refused() -> None:
    with pytest.raises(DigestError, match=r'manifest version: expected [0-9a-f]{12}, got other'):
        decode(changed(make_update(), version='other'), LIMIT)


@pytest.mark.parametrize('name', ['model', 'parent', 'catalogue_sha256', 'encoding'])
def test_a_manifest_that_differs_from_the_payload_is_refused(name: str) -> None:
    with pytest.raises(WeightsError, match=f"manifest {name}: expected '.*', got 'other'"):
        decode(changed(make_update(), **{name: 'other'}), LIMIT)


def test_notes_that_are_no_text_are_refused() -> None:
    notes: dict[str, Any] = {'a': 1}
    with pytest.raises(WeightsError, match='payload notes: expected texts by name'):
        encode(make_weights(), model='net', catalogue=CATALOGUE, notes=notes)


def test_catalogue_of_a_damaged_header_is_refused() -> None:
    with pytest.raises(WeightsError, match='payload header'):
        catalogue_of(WeightUpdate(make_update().manifest, bytes(64)))
