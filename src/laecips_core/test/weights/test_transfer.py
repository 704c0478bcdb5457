from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.transfer import chunk_of
from laecips_core.weights.transfer import WeightDownload

LIMIT = 1_000_000


def make_update(size: int = 10) -> WeightUpdate:
    rng = np.random.default_rng(0)
    weights = ModelWeights({'a': rng.normal(size=(size, size))}, {})
    catalogue = ClassCatalogue(('road',), ((1, 2, 3),))
    return encode(weights, model='net', catalogue=catalogue)


UPDATE = make_update()
SIZE = len(UPDATE.payload)


@pytest.mark.parametrize('chunk_bytes', [1, 7, SIZE - 1, SIZE, SIZE + 1])
def test_a_download_in_chunks_gives_the_update(chunk_bytes: int) -> None:
    download = WeightDownload(UPDATE.manifest, LIMIT)
    while not download.complete:
        sha256 = download.manifest.sha256
        download.add(download.offset, chunk_of(UPDATE, download.offset, chunk_bytes, sha256))
    assert download.finish() == UPDATE
    decode(download.finish(), LIMIT)


def test_a_cut_download_goes_on_where_it_was() -> None:
    download = WeightDownload(UPDATE.manifest, LIMIT)
    download.add(0, chunk_of(UPDATE, 0, 100))
    assert (download.offset, download.complete) == (100, False)
    with pytest.raises(WeightsError, match='chunk offset: expected 100, got 0; ask for 100'):
        download.add(0, chunk_of(UPDATE, 0, 100))
    download.add(download.offset, chunk_of(UPDATE, download.offset, 65536))
    assert download.finish() == UPDATE


def test_a_chunk_is_never_above_64_kib() -> None:
    large = make_update(300)
    assert len(large.payload) > 2 * 65536
    assert chunk_of(large, 10, 10**9) == large.payload[10 : 10 + 65536]


def test_the_last_chunk_is_shorter() -> None:
    assert chunk_of(UPDATE, SIZE - 3, 10) == UPDATE.payload[-3:]


@pytest.mark.parametrize('offset', [-1, SIZE, SIZE + 1, 2**32 - 1])
def test_an_offset_out_of_bounds_is_refused(offset: int) -> None:
    match = f'chunk offset: expected 0 to {SIZE - 1}, got {offset}'
    with pytest.raises(WeightsError, match=match):
        chunk_of(UPDATE, offset, 10)


@pytest.mark.parametrize('max_bytes', [0, -1])
def test_a_chunk_without_bytes_is_refused(max_bytes: int) -> None:
    match = f'chunk max_bytes: expected 1 to 65536, got {max_bytes}'
    with pytest.raises(WeightsError, match=match):
        chunk_of(UPDATE, 0, max_bytes)


def test_a_download_of_another_payload_is_refused() -> None:
    match = 'download sha256: expected .*, got f{64}; start the download again'
    with pytest.raises(DigestError, match=match):
        chunk_of(UPDATE, 0, 10, 'f' * 64)


@pytest.mark.parametrize('size_bytes', [-1, 0, SIZE, 2**32 - 1])
def test_an_announced_size_out_of_bounds_is_refused_at_once(size_bytes: int) -> None:
    manifest = dataclasses.replace(UPDATE.manifest, size_bytes=size_bytes)
    match = f'announced size: expected 1 to {SIZE - 1} bytes, got {size_bytes}'
    with pytest.raises(WeightsError, match=match):
        WeightDownload(manifest, SIZE - 1)


@pytest.mark.parametrize('offset', [-1, 1, SIZE])
def test_a_chunk_of_another_offset_is_refused(offset: int) -> None:
    match = f'chunk offset: expected 0, got {offset}; ask for 0'
    with pytest.raises(WeightsError, match=match):
        WeightDownload(UPDATE.manifest, LIMIT).add(offset, b'x')


def test_an_empty_chunk_is_refused() -> None:
    with pytest.raises(WeightsError, match=f'chunk: expected 1 to {SIZE} bytes, got 0'):
        WeightDownload(UPDATE.manifest, LIMIT).add(0, b'')


def test_a_chunk_over_the_end_is_refused_and_changes_nothing() -> None:
    download = WeightDownload(UPDATE.manifest, LIMIT)
    with pytest.raises(WeightsError, match=f'to {SIZE} bytes, got {SIZE + 1}; ask for 0'):
        download.add(0, UPDATE.payload + b'x')
    assert download.offset == 0


def test_finishing_too_early_is_refused() -> None:
    download = WeightDownload(UPDATE.manifest, LIMIT)
    download.add(0, b'x')
    with pytest.raises(WeightsError, match=f'payload size: expected {SIZE} bytes, got 1'):
        download.finish()


def test_wrong_bytes_are_refused_at_the_end() -> None:
    download = WeightDownload(UPDATE.manifest, LIMIT)
    download.add(0, bytes(SIZE))
    assert download.complete
    with pytest.raises(DigestError, match='payload sha256: expected'):
        download.finish()
