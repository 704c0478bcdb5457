"""Repositories of Hugging Face, in the cache of its own library."""

from __future__ import annotations

from pathlib import Path

from laecips_core.errors import WeightsError

_SAFE = ('*.json', '*.txt', '*.model', '*.safetensors')
_OLDER = ('pytorch_model*.bin', 'pytorch_model*.bin.index.json')


def fetch_repository(repository: str) -> Path:
    """
    Bring a repository into the cache of Hugging Face; what is there is not fetched again.

    No code of a repository is fetched. Pickled weights are fetched only where it has no
    safetensors; they are read as plain tensors, or not at all.

    :param repository: OWNER/NAME.
    :returns: its folder in the cache.
    :raises WeightsError: when it cannot be had, as without a network or without its owner's leave.
    """
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(repository, allow_patterns=_SAFE))
        if not list(folder.glob('*.safetensors')):
            snapshot_download(repository, allow_patterns=_OLDER)
    # The library lets errors of three HTTP libraries and of its own through.
    except Exception as error:
        raise WeightsError(
            repository,
            'a repository of Hugging Face within reach',
            _first_line(error),
            'try again with a network, set HF_ENDPOINT to a mirror, copy the cache (HF_HOME) of a '
            'machine that has it, or for a gated one run hf auth login',
        ) from error
    return folder


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].removeprefix('Got: ') if lines else type(error).__name__
