"""Images and label maps to bytes and back; what is decoded is untrusted."""

from __future__ import annotations

import hashlib
from typing import Any
from typing import get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from laecips_core.config import LimitsConfig
from laecips_core.errors import ImageError
from laecips_core.errors import ImageTooLargeError
from laecips_core.errors import ShapeError
from laecips_core.image_header import ImageFormat
from laecips_core.image_header import ImageHeader
from laecips_core.image_header import read_header
from laecips_core.values import Image

_QUALITY_FLAGS = {'jpeg': cv2.IMWRITE_JPEG_QUALITY, 'webp': cv2.IMWRITE_WEBP_QUALITY}
_SUFFIXES = {'jpeg': '.jpg', 'webp': '.webp', 'png': '.png'}
_CONFIDENCE_STRIDE_PX = 4
# Label maps are flat: run lengths at the fastest level shrink them better than slower levels do.
_MAP_FLAGS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
)
# A turned image would no longer fit its label map, so an EXIF orientation is not followed.
_IMAGE_MODE = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def encode_image(image: Image, image_format: ImageFormat, quality: int) -> bytes:
    """
    Encode a frame for the wire.

    :param image: (H, W, 3) uint8 RGB.
    :param image_format: png loses nothing.
    :param quality: 1 (small) to 100 (best) of jpeg and webp; png has none.
    :returns: the encoded bytes.
    :raises ShapeError: when the image is none.
    :raises ImageError: when format or quality is none of these, or the format cannot hold the
        size.
    """
    if image.ndim != 3 or image.shape[-1] != 3 or image.size == 0 or image.dtype != np.uint8:
        raise ShapeError('image', '(H, W, 3) uint8', f'{image.shape} {image.dtype}')
    if image_format not in _SUFFIXES:
        raise ImageError('format', ', '.join(get_args(ImageFormat)), repr(image_format))
    if not 1 <= quality <= 100:
        raise ImageError('quality', '1 to 100', quality)
    flag = _QUALITY_FLAGS.get(image_format)
    flags = () if flag is None else (flag, quality)
    return _encode(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _SUFFIXES[image_format], flags)


def decode_image(data: bytes, limits: LimitsConfig) -> Image:
    """
    Decode a frame.

    :param data: JPEG, WebP or PNG with 8 bits of grey or RGB, without alpha; untrusted.
    :param limits: largest encoded and decoded size accepted.
    :returns: (H, W, 3) uint8 RGB; grey in all three channels where the image is grey.
    :raises ImageTooLargeError: when a limit is exceeded; nothing was decoded.
    :raises ImageError: when it is empty, of another kind, cut or damaged.
    """
    header = _checked_header(data, limits)
    if header.channels not in (1, 3) or header.depth_bits != 8:
        raise ImageError('pixels', '8 bits of grey or RGB', _pixels_of(header))
    decoded = _decode(data, _IMAGE_MODE, header)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def encode_map(label_map: NDArray[np.uint8]) -> bytes:
    """
    Encode a map of class ids or confidences; nothing is lost.

    :param label_map: (H, W) uint8.
    :returns: an 8-bit grey PNG.
    :raises ShapeError: when the map is none.
    """
    if label_map.ndim != 2 or label_map.size == 0 or label_map.dtype != np.uint8:
        raise ShapeError('map', '(H, W) uint8', f'{label_map.shape} {label_map.dtype}')
    return _encode(label_map, '.png', _MAP_FLAGS)


def decode_map(data: bytes, size_px: tuple[int, int], limits: LimitsConfig) -> NDArray[np.uint8]:
    """
    Decode a map of class ids or confidences.

    :param data: an 8-bit grey PNG; untrusted.
    :param size_px: height and width it must have.
    :param limits: largest encoded and decoded size accepted.
    :returns: (H, W) uint8.
    :raises ImageTooLargeError: when a limit is exceeded; nothing was decoded.
    :raises ImageError: when it is of another kind or size, cut or damaged.
    """
    header = _checked_header(data, limits)
    if header.image_format != 'png' or header.channels != 1 or header.depth_bits != 8:
        raise ImageError(
            'map', 'an 8-bit grey png', f'{header.image_format} of {_pixels_of(header)}'
        )
    if header.size_px != size_px:
        raise ImageError('map size', f'{size_px} pixels', header.size_px)
    return _decode(data, cv2.IMREAD_GRAYSCALE, header)


def encode_confidence(confidence: NDArray[np.uint8]) -> bytes:
    """
    Encode a confidence map at a quarter of its size.

    At full size its noise costs seven times the bytes of the label map beside it.

    :param confidence: (H, W) uint8.
    :returns: an 8-bit grey PNG of ceil(H / 4) times ceil(W / 4) pixels.
    :raises ShapeError: when the map is none.
    """
    height, width = _coarse(confidence.shape) if confidence.ndim == 2 else (0, 0)
    if not height * width:
        return encode_map(confidence)
    small = cv2.resize(confidence, (width, height), interpolation=cv2.INTER_AREA)
    return encode_map(small.astype(np.uint8, copy=False))


def decode_confidence(
    data: bytes, size_px: tuple[int, int], limits: LimitsConfig
) -> NDArray[np.uint8]:
    """
    Decode a confidence map to full size, interpolating.

    :param data: what :func:`encode_confidence` gives; untrusted.
    :param size_px: height and width of the frame.
    :param limits: largest encoded and decoded size accepted.
    :returns: (H, W) uint8.
    :raises ImageError: as :func:`decode_map`.
    """
    small = decode_map(data, _coarse(size_px), limits)
    height, width = size_px
    full = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return full.astype(np.uint8, copy=False)


def _coarse(size_px: tuple[int, ...]) -> tuple[int, int]:
    height, width = size_px
    return -(-height // _CONFIDENCE_STRIDE_PX), -(-width // _CONFIDENCE_STRIDE_PX)


def sha256_hex(data: bytes) -> str:
    """
    Digest bytes.

    :param data: any bytes.
    :returns: 64 hex digits.
    """
    return hashlib.sha256(data).hexdigest()


def _checked_header(data: bytes, limits: LimitsConfig) -> ImageHeader:
    if len(data) > limits.max_image_bytes:
        raise ImageTooLargeError('data', f'at most {limits.max_image_bytes} bytes', len(data))
    header = read_header(data)
    height, width = header.size_px
    if height * width > limits.max_image_pixels:
        raise ImageTooLargeError(
            'size', f'at most {limits.max_image_pixels} pixels', f'{height} x {width}'
        )
    return header


def _pixels_of(header: ImageHeader) -> str:
    kinds = {0: 'palette', 1: 'grey', 2: 'grey and alpha', 3: 'colour', 4: 'colour and alpha'}
    return f'{header.depth_bits} bits of {kinds.get(header.channels, header.channels)}'


def _encode(image: NDArray[Any], suffix: str, flags: tuple[int, ...]) -> bytes:
    try:
        good, data = cv2.imencode(suffix, np.ascontiguousarray(image), flags)
    except cv2.error as error:
        raise ImageError('size', f'one that {suffix} can hold', image.shape) from error
    if not good:
        raise ImageError('size', f'one that {suffix} can hold', image.shape)
    return data.tobytes()


def _decode(data: bytes, mode: int, header: ImageHeader) -> NDArray[np.uint8]:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    except cv2.error as error:
        raise ImageError('data', f'a whole {header.image_format}', error.err) from error
    if image is None:
        raise ImageError('data', f'a whole {header.image_format}', 'damaged bytes')
    if image.shape[:2] != header.size_px:
        raise ImageError('decoded size', f'{header.size_px} pixels', image.shape[:2])
    return image.astype(np.uint8, copy=False)
