"""The message types that bags may hold: those of ROS 2, and our own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from rosbags.typesys import get_types_from_msg
from rosbags.typesys import get_typestore
from rosbags.typesys import Stores
from rosbags.typesys.store import Typestore

_PACKAGE = 'laecips_msgs'


@cache
def bag_types() -> Typestore:
    """Give the types of ROS 2 Jazzy with every message of ``laecips_msgs``; not to be changed."""
    store = get_typestore(Stores.ROS2_JAZZY)
    folder = Path(get_package_share_directory(_PACKAGE)) / 'msg'
    for file in sorted(folder.glob('*.msg')):
        name = f'{_PACKAGE}/msg/{file.stem}'
        store.register(get_types_from_msg(file.read_text(encoding='utf-8'), name))
    return store
