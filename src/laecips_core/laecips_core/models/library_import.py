"""Imports the libraries that bring segmentation networks."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from laecips_core.errors import PlugInError
from laecips_core.models.torchvision_import import import_torchvision

_REMEDY = 'install what requirements/models.txt lists'


def import_library(name: str) -> ModuleType:
    """
    Import a library, after torchvision, which most of them import in their turn.

    :param name: of the library or a module of it.
    :raises PlugInError: when it is not installed, or does not import.
    """
    if find_spec('torchvision') is not None:
        import_torchvision()
    try:
        module = import_module(name)
    except (ImportError, RuntimeError) as error:
        raise PlugInError(name, 'a library that imports', error, _REMEDY) from error
    if name == 'transformers':
        # Its progress bars would go into the logs of the nodes.
        module.utils.logging.disable_progress_bar()
    return module
