from __future__ import annotations

from argparse import ArgumentParser
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from laecips_bringup.bag_writer import BagWriter
from laecips_bringup.dataset_arguments import add_bag_arguments
from laecips_bringup.dataset_arguments import add_dataset_arguments
from laecips_bringup.dataset_arguments import dataset_config
from laecips_bringup.dataset_arguments import open_stream
from laecips_core.config import DataSetConfig
from laecips_core.errors import ConfigError


def parse(*words: str) -> Namespace:
    parser = ArgumentParser()
    add_dataset_arguments(parser)
    add_bag_arguments(parser)
    return parser.parse_args(words)


@pytest.fixture
def bag(tmp_path: Path) -> str:
    with BagWriter(tmp_path / 'bag') as writer:
        for i in range(3):
            writer.write_rgb('/image', i + 1, np.zeros((4, 4, 3), np.uint8))
    return str(tmp_path / 'bag')


def test_nothing_given_means_the_defaults() -> None:
    assert dataset_config(parse()) == DataSetConfig()


def test_every_setting_has_an_option() -> None:
    words = '--dataset folder --root r --select a[1:2] --split source --frames 7 --seed 3'
    expected = DataSetConfig('folder', 'r', 'a[1:2]', 'source', 7, 3)
    assert dataset_config(parse(*words.split())) == expected


def test_value_out_of_bounds_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'frames: expected int in \[0, 1e\+07\], got -1'):
        dataset_config(parse('--frames', '-1'))


def test_data_set_is_the_default_stream() -> None:
    stream = open_stream(parse('--frames', '2'))
    assert (stream.name, len(stream)) == ('patrol', 2)
    assert stream.catalogue is not None


def test_bag_takes_its_place(bag: str) -> None:
    stream = open_stream(parse('--bag', bag, '--frames', '2'))
    assert (stream.name, len(stream), stream.catalogue) == ('bag', 2, None)


def test_data_set_beside_a_bag_is_refused(bag: str) -> None:
    with pytest.raises(ConfigError, match='expected no bag beside --dataset'):
        open_stream(parse('--bag', bag, '--dataset', 'folder'))


def test_topics_without_a_bag_are_refused() -> None:
    with pytest.raises(ConfigError, match='--bag: expected a bag beside --image-topic'):
        open_stream(parse('--image-topic', '/cam'))
