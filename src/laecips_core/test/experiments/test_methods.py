from __future__ import annotations

import pytest

from laecips_core.config import CloudConfig
from laecips_core.config import EdgeConfig
from laecips_core.errors import UnknownNameError
from laecips_core.experiments.methods import method_of
from laecips_core.experiments.methods import METHODS
from laecips_core.experiments.methods import TABLE_1
from laecips_core.experiments.methods import TABLE_2
from laecips_core.registry import CONTROLLERS
from laecips_core.registry import MINERS
from laecips_core.registry import UPDATE_RULES
from laecips_core.registry import WEIGHTED_MINERS
from laecips_core.setting import replace_settings


@pytest.mark.parametrize('name', METHODS)
def test_the_settings_of_every_method_are_allowed(name: str) -> None:
    method = method_of(name)
    edge = replace_settings(EdgeConfig(), dict(method.edge))
    cloud = replace_settings(CloudConfig(), dict(method.cloud))
    assert edge.miner.name in {**MINERS, **WEIGHTED_MINERS}
    assert edge.controller.name in CONTROLLERS
    assert cloud.update.rule in {**UPDATE_RULES, 'none': ''}
    assert method.about.endswith('.')


def test_the_tables_have_rows_that_exist() -> None:
    assert set(TABLE_1 + TABLE_2) <= set(METHODS)


@pytest.mark.parametrize('name', ['EDGE', 'CLOUD', 'CLOUD (plain fusion)', 'DCSB'])
def test_the_baselines_have_no_updates_and_the_classes_of_the_edge(name: str) -> None:
    cloud = METHODS[name].cloud
    assert (cloud['update.rule'], cloud['labels.answers']) == ('none', 'edge')


def test_what_the_label_source_is_worth_by_itself_is_a_row_of_its_own() -> None:
    cloud = METHODS['DCSB (labels answer)'].cloud
    assert (cloud['update.rule'], cloud['labels.answers']) == ('none', 'labels')


def test_an_open_gate_tolerates_everything() -> None:
    update = replace_settings(CloudConfig(), dict(METHODS['PAPER (no gate)'].cloud)).update
    tolerances = update.gate_source_tolerance, update.gate_restyled_tolerance
    assert (*tolerances, update.gate_agreement_tolerance, update.watch_frames) == (1, 1, 1, 0)


def test_an_unknown_method_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"method: expected one of .*DCSB.*, got 'XYZ'"):
        method_of('XYZ')
