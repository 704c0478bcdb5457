"""Checks that masks in a bag and the annotations beside them speak of the same classes."""

from __future__ import annotations

from laecips_bringup.bag_files import BagError
from laecips_bringup.bag_reader import BagReader
from laecips_bringup.run_topics import RunTopics
from laecips_core.errors import LaecipsError
from laecips_core.ports import DataSet


def check_classes(bag: BagReader, topics: RunTopics, dataset: DataSet | None) -> None:
    """
    Compare the classes of the masks with those of a data set, where both are known.

    :param bag: the bag.
    :param topics: where the edge's topics lie in it.
    :param dataset: holds the annotations; None: they are in the bag.
    :raises BagError: when the names differ, or their order.
    """
    if dataset is None or topics.classes not in bag.topics:
        return
    expected = list(dataset.catalogue.names)
    for message in bag.messages(topics.classes):
        if isinstance(message.content, LaecipsError):
            raise message.content
        if list(message.content.class_names) != expected:
            what = f'the classes of {dataset.name} on {topics.classes}, {", ".join(expected)}'
            got = ', '.join(message.content.class_names)
            raise BagError(str(bag.path), what, got, 'name the data set of the masks')
