"""
Errors of LAECIPS: one type per kind of mistake, with the facts inside.

Every message follows one grammar: expected this, got that, do this. Nodes count errors by
``code`` in their diagnostics, so a code is stable once released.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class LaecipsError(Exception):
    """Root of every error that LAECIPS raises on purpose."""

    code: str = 'error'

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it pass between processes: it is made from its message, not from its facts."""
        return _made_again, (type(self), str(self), dict(vars(self)))


class ConfigError(LaecipsError):
    """A configuration value is not allowed; nothing was started."""

    code = 'bad_config'

    def __init__(self, key: str, value: object, allowed: str) -> None:
        """
        Name the key, its value and what is allowed.

        :param key: full dotted name of the setting.
        :param value: what was given.
        :param allowed: the allowed range or choices, in words.
        """
        self.key, self.value, self.allowed = key, value, allowed
        super().__init__(f'{key}: expected {allowed}, got {value!r}')


class UnknownNameError(ConfigError):
    """A name is in no registry."""

    code = 'unknown_name'

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        """
        List what could have been chosen.

        :param kind: the registry, such as ``miner``.
        :param name: what was asked for.
        :param known: every registered name.
        """
        super().__init__(kind, name, 'one of ' + ', '.join(sorted(known)))


class ShapeError(LaecipsError):
    """An array has another shape or dtype than its contract says."""

    code = 'bad_shape'

    def __init__(self, what: str, expected: str, got: object) -> None:
        """
        Name the array, its contract and what came.

        :param what: the array's name.
        :param expected: its contract, such as ``(H, W, 3) uint8``.
        :param got: shape and dtype, or any other fact, that came instead.
        """
        super().__init__(f'{what}: expected {expected}, got {got}')


class ImageError(LaecipsError):
    """An image cannot be used: empty, unknown encoding, truncated, or too large."""

    code = 'bad_image'

    def __init__(self, what: str, expected: str, got: object) -> None:
        """
        Name what is wrong with the image.

        :param what: the property at fault, such as ``step``.
        :param expected: what it should have been.
        :param got: what it was.
        """
        super().__init__(f'image {what}: expected {expected}, got {got}')


class ImageTooLargeError(ImageError):
    """An encoded or decoded image would exceed its size limit; it was not decoded."""

    code = 'image_too_large'


class WeightsError(LaecipsError):
    """A set of weights cannot be used; the running ones stay."""

    code = 'bad_weights'

    def __init__(self, what: str, expected: object, got: object, do: str = '') -> None:
        """
        Name what does not fit.

        :param what: the file, tensor or property at fault.
        :param expected: what the receiver needs.
        :param got: what came.
        :param do: the remedy; none by default.
        """
        remedy = f'; {do}' if do else ''
        super().__init__(f'{what}: expected {expected}, got {got}{remedy}')


class DigestError(WeightsError):
    """Bytes do not have the digest that was announced for them."""

    code = 'wrong_digest'


class CatalogueMismatchError(WeightsError):
    """Weights or a request belong to another class catalogue."""

    code = 'wrong_catalogue'


class UnknownVersionError(WeightsError):
    """A weights version is asked for that this side does not hold."""

    code = 'unknown_version'


class SignatureError(WeightsError):
    """A release is not signed by the key that this robot trusts, or not as a signer would."""

    code = 'bad_signature'


class ExpiredReleaseError(WeightsError):
    """A release is signed, but its time is over."""

    code = 'expired_release'


class OldReleaseError(WeightsError):
    """A release is signed, but older than one that was accepted before."""

    code = 'old_release'


class SelfCheckError(WeightsError):
    """Weights fit and load, but fail the check on the robot's own frames."""

    code = 'self_check_failed'


class DataSetError(LaecipsError):
    """A data set is missing, incomplete or inconsistent."""

    code = 'bad_dataset'

    def __init__(self, what: str, expected: str, got: object, do: str = '') -> None:
        """
        Name the file or folder at fault.

        :param what: the file, folder or entry.
        :param expected: what should have been there.
        :param got: what was found.
        :param do: the remedy; none by default.
        """
        remedy = f'; {do}' if do else ''
        super().__init__(f'{what}: expected {expected}, got {got}{remedy}')


class PlugInError(LaecipsError):
    """A part of another package, or a library that a part needs, cannot be used."""

    code = 'bad_plug_in'

    def __init__(self, what: str, expected: str, got: object, do: str = '') -> None:
        """
        Name the part at fault.

        :param what: the part, entry point or library.
        :param expected: what it should be.
        :param got: what was found.
        :param do: the remedy; none by default.
        """
        remedy = f'; {do}' if do else ''
        super().__init__(f'{what}: expected {expected}, got {got}{remedy}')


class EngineError(LaecipsError):
    """An engine or a device is not there, or cannot run the network; the running one stays."""

    code = 'bad_engine'

    def __init__(self, what: str, expected: str, got: object, do: str = '') -> None:
        """
        Name what is missing or does not fit.

        :param what: the engine, device, library or file.
        :param expected: what is needed.
        :param got: what was found.
        :param do: the remedy; none by default.
        """
        remedy = f'; {do}' if do else ''
        super().__init__(f'{what}: expected {expected}, got {got}{remedy}')


def _made_again(kind: type[LaecipsError], message: str, facts: dict[str, Any]) -> LaecipsError:
    error = kind.__new__(kind, message)
    vars(error).update(facts)
    return error
