"""How the libraries that run a model share the processor with the frames' way in and out."""

from __future__ import annotations

from collections.abc import MutableMapping
import os

import cv2

SPIN_COUNT = '50000'
_BY_THE_USER = ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY')


def share_processor(environment: MutableMapping[str, str] = os.environ) -> None:
    """
    Leave the cores to others between two frames; call it before torch is imported.

    libgomp's workers wait awake for their next part of a layer, by default for some ten
    milliseconds, and so keep their cores from the threads that receive a frame and send a mask.
    Far less is enough from one layer to the next. OpenCV's pool would wait for the same cores, for
    pictures too small to gain by it.

    :param environment: of the process; a choice of the user's own, ``GOMP_SPINCOUNT`` or
        ``OMP_WAIT_POLICY``, is kept. See
        https://gcc.gnu.org/onlinedocs/libgomp/GOMP_005fSPINCOUNT.html.
    """
    if not any(name in environment for name in _BY_THE_USER):
        environment['GOMP_SPINCOUNT'] = SPIN_COUNT
    cv2.setNumThreads(1)
