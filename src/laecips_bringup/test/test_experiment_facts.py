from __future__ import annotations

from argparse import Namespace

import pytest

from laecips_bringup.experiment_facts import data_set_name
from laecips_bringup.experiment_facts import experiment_facts
from laecips_bringup.experiment_facts import without_folders
from laecips_core.config import DataSetConfig
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.suite import Suite

STREAM = DataSetConfig('folder', '/home/someone/camvid', '0001TP[0.5:],x')
MASKS = {
    'masks.name': 'ground_truth',
    'masks.jitter_px': 1.5,
    'masks.drop_ratio': 0.1,
    'masks.merge_ratio': 0.2,
}
EDGE = ['model.weights=/home/someone/w-{seed}.safetensors', 'miner.name=sm']
CLOUD = ['labels.weights=../up/teacher.safetensors', 'source.root=~/someone/camvid']


def facts_of(suite: Suite) -> dict[str, str]:
    return experiment_facts(Namespace(edge=EDGE, cloud=CLOUD, seeds=3, jobs=2), suite)


def test_facts_say_what_was_run() -> None:
    facts = facts_of(Suite(STREAM, {}, MASKS, LinkConfig(8.0, 5.0)))
    assert facts['data set'] == 'folder camvid 0001TP[0.5:],x'
    assert facts['mask generator'] == (
        'ground_truth, simulated: borders off by 1.5 px, 10% dropped, 20% merged'
    )
    assert facts['label source'].startswith('none ')
    assert (facts['fusion'], facts['update rule']) == ('log_mix', 'coordinates')
    assert facts['link'] == '8 Mbit/s, 5 ms round trip, modelled'
    assert (facts['seeds'], facts['runs at a time']) == ('3', '2')
    assert {'date', 'cpu', 'cores', 'torch'} <= facts.keys()


def test_other_masks_are_not_called_simulated() -> None:
    assert facts_of(Suite(STREAM, {}, {}, LinkConfig()))['mask generator'] == 'regions'


def test_facts_name_no_folder_of_this_machine() -> None:
    facts = facts_of(Suite(STREAM, {}, {}, LinkConfig()))
    assert not [name for name, text in facts.items() if 'someone' in text or '..' in text]
    assert facts['settings'].split(' --') == [
        "--edge 'model.weights=w-{seed}.safetensors'", 'edge miner.name=sm',
        'cloud labels.weights=teacher.safetensors', 'cloud source.root=camvid',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ('text', 'cut'),
    [
        ('model.weights=/a/b.safetensors', 'model.weights=b.safetensors'),
        ('source.root=/a/camvid/', 'source.root=camvid'),
        ('labels.source=mix:fast_scnn', 'labels.source=mix:fast_scnn'),
        ('source.select=a[0.5:] b', "'source.select=a[0.5:] b'"),
        ('labels.weights=', 'labels.weights='),
    ],
)
def test_folders_are_cut_off(text: str, cut: str) -> None:
    assert without_folders(text) == cut


def test_a_data_set_without_a_folder_has_a_short_name() -> None:
    assert data_set_name(Suite(DataSetConfig(), {}, {}, LinkConfig())) == 'patrol'


@pytest.mark.parametrize('changed', [{'update.rule': 'careful'}, {'update.label_weight': 0.5}])
def test_the_label_source_is_named_where_its_labels_are_trained_on(
    changed: dict[str, object],
) -> None:
    assert facts_of(Suite(STREAM, {}, changed, LinkConfig()))['label source'] == 'edge'
