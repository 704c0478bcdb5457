"""``laecips bag``: a data set as a rosbag2 bag."""

from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import track

from laecips_bringup.bag_writer import BagWriter
from laecips_bringup.dataset_arguments import add_dataset_arguments
from laecips_bringup.dataset_arguments import dataset_config
from laecips_bringup.stream import DataSetStream
from laecips_bringup.stream import IMAGE_TOPIC
from laecips_bringup.stream import LABEL_TOPIC
from laecips_bringup.stream import Stream
from laecips_bringup.stream import UnreadableFrame
from laecips_core.errors import ConfigError
from laecips_core.registry import build_dataset
from laecips_core.values import Image

COMPRESSED_TOPIC = f'{IMAGE_TOPIC}/compressed'

WriteImage = Callable[[int, Image], None]


def add_arguments(parser: ArgumentParser) -> None:
    """
    Declare what the command takes.

    :param parser: gets the options.
    """
    add_dataset_arguments(parser)
    parser.add_argument('--out', type=Path, required=True, help='Folder of the bag to make.')
    parser.add_argument('--labels', action='store_true', help=f'Write {LABEL_TOPIC} as well.')
    parser.add_argument(
        '--compressed',
        action='store_true',
        help=f'Write JPEGs on {COMPRESSED_TOPIC} instead of raw images on {IMAGE_TOPIC}.',
    )
    parser.add_argument('--quality', type=int, default=90, help='Of the JPEGs. Default: 90.')


def run(arguments: Namespace) -> int:
    """
    Write the bag.

    :param arguments: parsed from :func:`add_arguments`.
    :returns: exit status 0.
    :raises LaecipsError: when it cannot be done.
    """
    if not 1 <= arguments.quality <= 100:
        raise ConfigError('--quality', arguments.quality, 'int in [1, 100]')
    stream = DataSetStream(build_dataset(dataset_config(arguments)))
    quality = arguments.quality if arguments.compressed else None
    frames = write_stream(arguments.out, stream, labels=arguments.labels, jpeg_quality=quality)
    Console(soft_wrap=True).print(
        f'{frames} frames of {stream.name} are in the bag {arguments.out}', highlight=False
    )
    return 0


def write_stream(path: Path, stream: Stream, *, labels: bool, jpeg_quality: int | None) -> int:
    """
    Write a stream as a bag with its own stamps.

    :param path: folder of the bag, which must not exist.
    :param stream: frames.
    :param labels: whether to write the annotations too.
    :param jpeg_quality: 1 to 100; None: raw images.
    :returns: how many frames were written.
    :raises DataSetError: when the folder exists or the stream cannot be read.
    :raises LaecipsError: when a frame cannot be read.
    """
    count = 0
    with BagWriter(path) as bag:
        write_image = _image_writer(bag, jpeg_quality)
        console = Console(stderr=True)
        frames = track(stream, 'writing', len(stream), console=console, transient=True)
        for frame in frames:
            if isinstance(frame, UnreadableFrame):
                raise frame.error
            write_image(frame.stamp_ns, frame.image)
            if labels and frame.labels is not None:
                bag.write_map(LABEL_TOPIC, frame.stamp_ns, frame.labels)
            count += 1
    return count


def _image_writer(bag: BagWriter, jpeg_quality: int | None) -> WriteImage:
    if jpeg_quality is None:
        return lambda stamp_ns, image: bag.write_rgb(IMAGE_TOPIC, stamp_ns, image)
    quality = jpeg_quality
    return lambda stamp_ns, image: bag.write_jpeg(COMPRESSED_TOPIC, stamp_ns, image, quality)
