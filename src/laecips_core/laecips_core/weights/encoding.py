"""Weights to bytes and back: half precision on the wire, digests over everything."""

from __future__ import annotations

import hashlib

from laecips_core.catalogue import ClassCatalogue
from laecips_core.errors import DigestError
from laecips_core.errors import WeightsError
from laecips_core.values import ModelWeights
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.facts import ENCODING
from laecips_core.weights.facts import PayloadFacts
from laecips_core.weights.payload import pack
from laecips_core.weights.payload import read_facts
from laecips_core.weights.payload import tensors_sha256
from laecips_core.weights.payload import unpack
from laecips_core.weights.precision import restore
from laecips_core.weights.precision import store


def encode(
    weights: ModelWeights,
    *,
    model: str,
    catalogue: ClassCatalogue,
    parent: str = '',
    notes: dict[str, str] | None = None,
) -> WeightUpdate:
    """
    Encode weights; equal input gives equal bytes.

    :param weights: edge and miner tensors; float ones of 2 or more dimensions lose precision,
        see :func:`rounded`.
    :param model: name of the edge model, as in the registry.
    :param catalogue: the classes the model tells apart.
    :param parent: version they were trained from; empty: from scratch.
    :param notes: free text facts; none by default.
    :returns: payload and manifest; the version is a content address of the stored tensors.
    :raises WeightsError: when a tensor is not finite, too large for its stored type, or neither
        float, integer nor bool.
    """
    stored = store(weights)
    digest = tensors_sha256(stored)
    facts = PayloadFacts(model, parent, catalogue, ENCODING, dict(notes or {}), digest)
    payload = pack(stored, facts)
    return WeightUpdate(manifest_of(payload, len(payload)), payload)


def decode(update: WeightUpdate, max_bytes: int) -> ModelWeights:
    """
    Decode an untrusted update.

    :param update: manifest and payload, as they came.
    :param max_bytes: largest payload accepted; looked at before anything else.
    :returns: writable copies: floats as float32, integers and bools as stored.
    :raises WeightsError: when the payload is too large, damaged, not finite or of another form, or
        does not agree with its manifest.
    :raises DigestError: when payload, tensors or version differ from their digest.
    """
    _check_size(len(update.payload), max_bytes)
    check_payload(update.payload, update.manifest)
    arrays, facts = unpack(update.payload)
    _check_manifest(update.manifest, facts)
    return restore(arrays)


def rounded(weights: ModelWeights) -> ModelWeights:
    """
    Give what a receiver of these weights will have, bit for bit.

    :param weights: edge and miner tensors.
    :returns: what :func:`decode` makes of their encoding; copies.
    :raises WeightsError: as :func:`encode`.
    """
    return restore(store(weights))


def catalogue_of(update: WeightUpdate) -> ClassCatalogue:
    """
    Read the classes an update is for, from its header alone.

    :param update: the update; its digests are not checked here.
    :raises WeightsError: when the header is damaged.
    """
    return read_facts(update.payload).catalogue


def manifest_of(payload: bytes, max_bytes: int) -> WeightManifest:
    """
    Rebuild the manifest from the payload alone, after checking that it decodes.

    :param payload: safetensors bytes; untrusted.
    :param max_bytes: largest payload accepted; looked at before anything else.
    :raises WeightsError: when it is too large, damaged, not finite or of another form.
    :raises DigestError: when the tensors differ from their digest.
    """
    _check_size(len(payload), max_bytes)
    arrays, facts = unpack(payload)
    restore(arrays)
    return WeightManifest(
        model=facts.model,
        version=facts.version,
        parent=facts.parent,
        catalogue_sha256=facts.catalogue.sha256,
        encoding=facts.encoding,
        sha256=hashlib.sha256(payload).hexdigest(),
        size_bytes=len(payload),
        notes=facts.notes,
        tensors_sha256=facts.tensors_sha256,
    )


def check_payload(payload: bytes | bytearray, manifest: WeightManifest) -> None:
    """
    Refuse bytes that are not those announced.

    :param payload: the bytes that came.
    :param manifest: the announcement.
    :raises WeightsError: when the size differs.
    :raises DigestError: when the digest differs.
    """
    if len(payload) != manifest.size_bytes:
        raise WeightsError(
            'payload size', f'{manifest.size_bytes} bytes', len(payload), 'send it again'
        )
    found = hashlib.sha256(payload).hexdigest()
    if found != manifest.sha256:
        raise DigestError('payload sha256', manifest.sha256, found, 'send it again')


def _check_size(size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise WeightsError(
            'payload',
            f'at most {max_bytes} bytes',
            size_bytes,
            'raise limits.max_update_bytes if this is meant',
        )


def _check_manifest(manifest: WeightManifest, facts: PayloadFacts) -> None:
    if manifest.version != facts.version:
        raise DigestError('manifest version', facts.version, manifest.version)
    inside = {
        'model': facts.model,
        'parent': facts.parent,
        'catalogue_sha256': facts.catalogue.sha256,
        'encoding': facts.encoding,
    }
    if manifest.tensors_sha256:
        inside['tensors_sha256'] = facts.tensors_sha256
    for name, expected in inside.items():
        if getattr(manifest, name) != expected:
            raise WeightsError(f'manifest {name}', repr(expected), repr(getattr(manifest, name)))
