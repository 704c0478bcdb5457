"""The image encodings that are understood, by their names in ``sensor_msgs``."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

YUV_422 = ('yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv')
_BAYER = ('bayer_rggb', 'bayer_bggr', 'bayer_gbrg', 'bayer_grbg')
_VALUES_PER_PIXEL = {
    **{'rgb': 3, 'bgr': 3, 'rgba': 4, 'bgra': 4, 'mono': 1},
    **dict.fromkeys(_BAYER, 1),
}
BYTES_PER_PIXEL = {
    **{f'{name}8': values for name, values in _VALUES_PER_PIXEL.items()},
    **{f'{name}16': 2 * values for name, values in _VALUES_PER_PIXEL.items()},
    **dict.fromkeys(YUV_422, 2),
}
_16_TO_8_BITS = 255 / 65535


def of_8_bits(rows: NDArray[np.uint8], *, big_endian: bool) -> NDArray[np.uint8]:
    """
    Round 16-bit values to 8 bits, as cv_bridge does; the converter would cut them.

    :param rows: (H, 2 N) uint8, the bytes of N values a row.
    :param big_endian: whether the upper byte comes first.
    :returns: (H, N) uint8, 255 for 65535.
    """
    order = '>' if big_endian else '<'
    values = np.ascontiguousarray(rows).view(f'{order}u2').astype(np.uint16, copy=False)
    return np.asarray(cv2.convertScaleAbs(values, alpha=_16_TO_8_BITS), np.uint8)
