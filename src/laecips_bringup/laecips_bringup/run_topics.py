"""Where in a bag the answers of a run lie."""

from __future__ import annotations

from dataclasses import dataclass

from laecips_bringup.bag_files import BagError
from laecips_bringup.bag_images import COMPRESSED_TYPE
from laecips_bringup.bag_images import IMAGE_TYPE
from laecips_bringup.bag_reader import BagReader
from laecips_bringup.run_recorder import FRAMES_TOPIC
from laecips_bringup.stream import LABEL_TOPIC

DIAGNOSTICS = '/diagnostics'

TO_RECORD = (
    '{edge}/mask {edge}/report {edge}/model_version {edge}/label_info /cloud/training_round '
    '/diagnostics'
)
"""What to record on a robot besides its camera."""

_REPORT_TYPE = 'laecips_msgs/msg/Report'
_ROUND_TYPE = 'laecips_msgs/msg/TrainingRound'


@dataclass(frozen=True)
class RunTopics:
    """
    Full names of topics in a bag; empty where the bag has none.

    :param edge: full name of the edge node.
    :param frames: one message for each frame: notes of the replay, or the camera's images.
    :param truth: mono8 class ids.
    :param rounds: the cloud's training rounds.
    """

    edge: str
    frames: str
    truth: str
    rounds: str

    @property
    def mask(self) -> str:
        """The masks."""
        return f'{self.edge}/mask'

    @property
    def report(self) -> str:
        """The reports."""
        return f'{self.edge}/report'

    @property
    def version(self) -> str:
        """The weights that the edge uses."""
        return f'{self.edge}/model_version'

    @property
    def classes(self) -> str:
        """The names behind the class ids."""
        return f'{self.edge}/label_info'

    def present(self, bag: BagReader) -> tuple[str, ...]:
        """
        Name what a run is read from.

        :param bag: the bag.
        """
        more = (self.frames, self.rounds, self.version, DIAGNOSTICS)
        optional = [topic for topic in more if topic in bag.topics]
        return (self.mask, self.report, *optional)


def run_topics(bag: BagReader, truth: str = '', images: str = '') -> RunTopics:
    """
    Find the topics of a run.

    :param bag: of ``laecips replay``, or recorded on a robot.
    :param truth: topic of mono8 class ids; empty: ``/labels`` where it is.
    :param images: topic of the camera; empty: the only one that is not the edge's own.
    :raises BagError: when the bag lacks what a run needs, or a topic that was named.
    """
    edge = _edge(bag)
    bag.expect(f'{edge}/mask', IMAGE_TYPE)
    if truth:
        bag.expect(truth, IMAGE_TYPE)
    else:
        truth = LABEL_TOPIC if LABEL_TOPIC in bag.of_kind(IMAGE_TYPE) else ''
    rounds = bag.of_kind(_ROUND_TYPE)
    return RunTopics(
        edge=edge,
        frames=_frames(bag, edge, truth, images),
        truth=truth,
        rounds=rounds[0] if len(rounds) == 1 else '',
    )


def _edge(bag: BagReader) -> str:
    found = [topic for topic in bag.of_kind(_REPORT_TYPE) if topic.endswith('/report')]
    masks = [topic for topic in found if topic.removesuffix('report') + 'mask' in bag.topics]
    if len(masks) == 1:
        return masks[0].removesuffix('/report')
    edge = found[0].removesuffix('/report') if found else '/edge'
    what = 'masks and reports of one edge node, such as /edge/mask and /edge/report'
    got = ', '.join(masks or bag.topics) or 'no topic'
    do = f'record {TO_RECORD.format(edge=edge)} and the camera with ros2 bag record'
    raise BagError(str(bag.path), what, got, do)


def _frames(bag: BagReader, edge: str, truth: str, images: str) -> str:
    if images:
        bag.expect(images, IMAGE_TYPE, COMPRESSED_TYPE)
        return images
    if FRAMES_TOPIC in bag.topics:
        return FRAMES_TOPIC
    own = (f'{edge}/', truth) if truth else (f'{edge}/',)
    cameras = [t for t in bag.of_kind(IMAGE_TYPE, COMPRESSED_TYPE) if not t.startswith(own)]
    return cameras[0] if len(cameras) == 1 else ''
