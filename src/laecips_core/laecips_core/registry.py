"""
Every part that configuration can name, and how to build it.

Builders import what they build only when asked to, so that an edge does not load what only a
cloud needs. To add a part: write the class, add one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from typing import cast
from typing import TypeVar

from laecips_core.config import ControllerConfig
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import FusionConfig
from laecips_core.config import MaskConfig
from laecips_core.config import MinerConfig
from laecips_core.config import UpdateConfig
from laecips_core.errors import UnknownNameError
from laecips_core.ports import DataSet
from laecips_core.ports import Fuser
from laecips_core.ports import MaskGenerator
from laecips_core.ports import Miner
from laecips_core.ports import ThresholdController
from laecips_core.ports import UpdateRule
from laecips_core.values import WeightArrays

EDGE_NETWORKS = {
    'fast_scnn': 'laecips_core.models.fast_scnn:FastScnn',
    'fast_scnn_wide': 'laecips_core.models.fast_scnn:FastScnnWide',
}
MINERS = {
    'spp': 'laecips_core.mining.confidence:SppMiner',
    'sm': 'laecips_core.mining.confidence:SmMiner',
    'mess': 'laecips_core.mining.confidence:MessMiner',
    'always': 'laecips_core.mining.confidence:AlwaysMiner',
    'never': 'laecips_core.mining.confidence:NeverMiner',
    'random': 'laecips_core.mining.random_choice:RandomMiner',
}
WEIGHTED_MINERS = {
    'learned': 'laecips_core.mining.learned:LearnedMiner',
    'benefit': 'laecips_core.mining.benefit:BenefitMiner',
}
CONTROLLERS = {
    'fixed': 'laecips_core.mining.controller:FixedThreshold',
    'upload_rate': 'laecips_core.mining.controller:UploadRateController',
    'mean_delay': 'laecips_core.mining.budgets:MeanDelayController',
    'byte_rate': 'laecips_core.mining.budgets:ByteRateController',
}
MASK_GENERATORS = {
    'regions': 'laecips_core.masks.regions:RegionGenerator',
    'ground_truth': 'laecips_core.masks.ground_truth:GroundTruthGenerator',
    'none': 'laecips_core.masks.no_masks:NoMasks',
}
FUSERS = {
    'plain': 'laecips_core.fusion.algorithm1:PlainFusion',
    'guarded': 'laecips_core.fusion.guarded:GuardedFusion',
    'log_mix': 'laecips_core.fusion.log_mix:LogMixFusion',
}
UPDATE_RULES = {
    'paper': 'laecips_core.learning.paper_rule:PaperRule',
    'careful': 'laecips_core.learning.careful_rule:CarefulRule',
    'statistics': 'laecips_core.learning.statistics_rule:StatisticsRule',
    'supervised': 'laecips_core.learning.supervised_rule:SupervisedRule',
    'coordinates': 'laecips_core.learning.coordinate_rule:CoordinateRule',
}
DATA_SETS = {
    'patrol': 'laecips_core.datasets.patrol.patrol:Patrol',
    'folder': 'laecips_core.datasets.folder:FolderDataSet',
    'cloud_robotics': 'laecips_core.datasets.cloud_robotics:CloudRobotics',
    'cityscapes': 'laecips_core.datasets.cityscapes:Cityscapes',
    'ade20k': 'laecips_core.datasets.ade20k:Ade20k',
    'synthia': 'laecips_core.datasets.synthia:Synthia',
    'camvid': 'laecips_core.datasets.camvid:Camvid',
}

_Part = TypeVar('_Part')


def _find(kind: str, table: Mapping[str, str], name: str) -> Callable[..., Any]:
    if name not in table:
        raise UnknownNameError(kind, name, list(table))
    module, _, attribute = table[name].partition(':')
    return cast('Callable[..., Any]', getattr(import_module(module), attribute))


def build_miner(config: MinerConfig, classes: int, arrays: WeightArrays) -> Miner:
    """
    Build a miner.

    :param config: name and settings.
    :param classes: number of classes M.
    :param arrays: weights of the miners that have any; the others do not read them.
    :raises UnknownNameError: when no miner has the name.
    :raises WeightsError: when the miner's weights are missing or do not fit.
    """
    build = _find('miner.name', {**MINERS, **WEIGHTED_MINERS}, config.name)
    weighted = config.name in WEIGHTED_MINERS
    return cast('Miner', build(classes, arrays) if weighted else build(config))


def build_controller(config: ControllerConfig, threshold: float) -> ThresholdController:
    """
    Build what turns δ.

    :param config: name, targets and window.
    :param threshold: δ in [0, 1] to start with; the fixed one keeps it.
    :raises UnknownNameError: when no controller has the name.
    """
    part = _find('controller.name', CONTROLLERS, config.name)(config, threshold)
    return cast('ThresholdController', part)


def build_mask_generator(config: MaskConfig) -> MaskGenerator:
    """
    Build a mask generator.

    :raises UnknownNameError: when none has the name.
    """
    return cast('MaskGenerator', _find('masks.name', MASK_GENERATORS, config.name)(config))


def build_fuser(config: FusionConfig) -> Fuser:
    """
    Build a fusion rule.

    :raises UnknownNameError: when none has the name.
    """
    return cast('Fuser', _find('fusion.name', FUSERS, config.name)(config))


def build_dataset(config: DataSetConfig) -> DataSet:
    """
    Open a data set.

    :raises UnknownNameError: when none has the name.
    :raises DataSetError: when it is missing or inconsistent.
    """
    return cast('DataSet', _find('dataset', DATA_SETS, config.name)(config))


def network_builder(config: EdgeModelConfig) -> Callable[[int], Any]:
    """
    Find what builds an edge network for a number of classes.

    :raises UnknownNameError: when none has the name.
    """
    return _find('model.name', EDGE_NETWORKS, config.name)


def build_update_rule(config: UpdateConfig, plan: Any) -> UpdateRule:
    """
    Build an update rule.

    :param config: name and settings.
    :param plan: a :class:`laecips_core.learning.networks.NetworkPlan`.
    :raises UnknownNameError: when none has the name.
    """
    return cast('UpdateRule', _find('update.rule', UPDATE_RULES, config.rule)(config, plan))
