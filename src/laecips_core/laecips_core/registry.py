"""
Every part that configuration can name, and how to build it.

Builders import what they build only when asked to, so that an edge does not load what only a
cloud needs. To add a part: write the class, add one line here; or, in a package of your own, name
it as an entry point of the group that the table's comment tells (see docs/models.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from typing import cast

from laecips_core.config import ControllerConfig
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeModelConfig
from laecips_core.config import FusionConfig
from laecips_core.config import MaskConfig
from laecips_core.config import MinerConfig
from laecips_core.config import UpdateConfig
from laecips_core.errors import ConfigError
from laecips_core.plug_ins import Kind
from laecips_core.ports import DataSet
from laecips_core.ports import EdgeModel
from laecips_core.ports import Fuser
from laecips_core.ports import MaskGenerator
from laecips_core.ports import Miner
from laecips_core.ports import ThresholdController
from laecips_core.ports import UpdateRule
from laecips_core.values import WeightArrays

EDGE_NETWORKS = {
    'fast_scnn': 'laecips_core.models.fast_scnn:FastScnn',
    'fast_scnn_wide': 'laecips_core.models.fast_scnn:FastScnnWide',
    'rfnet': 'laecips_core.models.rfnet:RfNet',
}
NETWORK_FAMILIES = {
    'torchvision': 'laecips_core.models.torchvision_networks:find',
    'hf': 'laecips_core.models.hf_networks:find',
    'smp': 'laecips_core.models.smp_networks:find',
}
"""Of ``FAMILY:NAME``; each takes NAME and the config, and gives what builds the network."""

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
MASK_FAMILIES = {
    'sam': 'laecips_core.masks.sam:build',
    'hf-sam': 'laecips_core.masks.hf_sam:build',
    'sam3': 'laecips_core.masks.sam3:build',
}
"""Of ``FAMILY:NAME``; each takes NAME and the config, and gives the mask generator."""
ENGINES = {
    'torch': 'laecips_core.engines.torch_engine:build',
    'onnxruntime': 'laecips_core.engines.onnxruntime_engine:build',
    'tensorrt': 'laecips_core.engines.tensorrt_engine:build',
}
"""Each takes the config, the number of classes and all weights, and gives the edge model."""
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

_NETWORKS = Kind('model.name', EDGE_NETWORKS, 'laecips.edge_networks', NETWORK_FAMILIES)


def build_miner(config: MinerConfig, classes: int, arrays: WeightArrays) -> Miner:
    """
    Build a miner.

    :param config: name and settings.
    :param classes: number of classes M.
    :param arrays: weights of the miners that have any; the others do not read them.
    :raises UnknownNameError: when no miner has the name.
    :raises WeightsError: when the miner's weights are missing or do not fit.
    """
    kind = Kind('miner.name', {**MINERS, **WEIGHTED_MINERS}, 'laecips.miners')
    build = kind.find(config.name)
    weighted = config.name in WEIGHTED_MINERS
    return cast('Miner', build(classes, arrays) if weighted else build(config))


def build_controller(config: ControllerConfig, threshold: float) -> ThresholdController:
    """
    Build what turns δ.

    :param config: name, targets and window.
    :param threshold: δ in [0, 1] to start with; the fixed one keeps it.
    :raises UnknownNameError: when no controller has the name.
    """
    part = Kind('controller.name', CONTROLLERS).find(config.name)(config, threshold)
    return cast('ThresholdController', part)


def build_mask_generator(config: MaskConfig) -> MaskGenerator:
    """
    Build a mask generator.

    :raises UnknownNameError: when none has the name.
    """
    kind = Kind('masks.name', MASK_GENERATORS, 'laecips.mask_generators', MASK_FAMILIES)
    family, name = kind.split(config.name)
    if family is not None:
        return cast('MaskGenerator', family(name, config))
    return cast('MaskGenerator', kind.find(config.name)(config))


def build_fuser(config: FusionConfig) -> Fuser:
    """
    Build a fusion rule.

    :raises UnknownNameError: when none has the name.
    """
    return cast('Fuser', Kind('fusion.name', FUSERS, 'laecips.fusers').find(config.name)(config))


def build_dataset(config: DataSetConfig) -> DataSet:
    """
    Open a data set.

    :raises UnknownNameError: when none has the name.
    :raises DataSetError: when it is missing or inconsistent.
    """
    kind = Kind('dataset', DATA_SETS, 'laecips.data_sets')
    return cast('DataSet', kind.find(config.name)(config))


def check_network_name(name: str) -> None:
    """
    Refuse a network that there is not; nothing is imported, so its family may still refuse it.

    :raises UnknownNameError: when none has the name; it lists those that are.
    """
    _NETWORKS.check(name)


def network_builder(config: EdgeModelConfig) -> Callable[[int], Any]:
    """
    Find what builds an edge network for a number of classes.

    :raises UnknownNameError: when none has the name.
    :raises ConfigError: when a network without classes of its own is to have a class map.
    """
    family, name = _NETWORKS.split(config.name)
    if family is not None:
        return cast('Callable[[int], Any]', family(name, config))
    build = _NETWORKS.find(config.name)
    if config.classes:
        allowed = f'none: {config.name} has no classes of its own'
        raise ConfigError('model.classes', config.classes, allowed)
    return build


def build_edge_model(config: EdgeModelConfig, classes: int, arrays: WeightArrays) -> EdgeModel:
    """
    Build an edge model in its engine.

    :param config: network, engine, device and input size.
    :param classes: number of classes M.
    :param arrays: every tensor of the network by name.
    :raises UnknownNameError: when no network or engine has the name.
    :raises WeightsError: when a tensor does not fit the network.
    :raises EngineError: when the engine or the device is not there, or cannot be built.
    """
    build = Kind('model.engine', ENGINES).find(config.engine)
    return cast('EdgeModel', build(config, classes, arrays))


def build_update_rule(config: UpdateConfig, plan: Any) -> UpdateRule:
    """
    Build an update rule.

    :param config: name and settings.
    :param plan: a :class:`laecips_core.learning.networks.NetworkPlan`.
    :raises UnknownNameError: when none has the name.
    """
    kind = Kind('update.rule', UPDATE_RULES, 'laecips.update_rules')
    return cast('UpdateRule', kind.find(config.rule)(config, plan))
