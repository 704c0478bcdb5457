"""An experiment: methods and seeds on one stream, with settings in common."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from laecips_core.config import CloudConfig
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeConfig
from laecips_core.config import LabelConfig
from laecips_core.config import UpdateConfig
from laecips_core.errors import ConfigError
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.methods import Method
from laecips_core.experiments.methods import method_of
from laecips_core.experiments.methods import USUAL
from laecips_core.experiments.plan import RunPlan
from laecips_core.setting import replace_settings
from laecips_core.setting import settings_of


@dataclass(frozen=True)
class Suite:
    """
    What all runs of an experiment share.

    :param stream: the frames.
    :param edge: settings of the edge by dotted name, beside its defaults and the method's own.
    :param cloud: settings of the cloud, likewise; they win over the usual ones of experiments.
    :param link: the link model.
    """

    stream: DataSetConfig
    edge: Mapping[str, object]
    cloud: Mapping[str, object]
    link: LinkConfig

    def plan(self, method: str, seed: int, extra: Mapping[str, object] | None = None) -> RunPlan:
        """
        Plan one run.

        In texts ``{seed}`` stands for the seed, so that each seed may have weights of its own.

        :param method: its name in tables.
        :param seed: of training, masks, random choices, and of the patrol's world.
        :param extra: settings of the cloud that win over all others.
        :raises UnknownNameError: when there is no such method.
        :raises ConfigError: when a setting is unknown or not allowed.
        """
        chosen = method_of(method)
        stream = replace(self.stream, seed=self.stream.seed + seed)
        return RunPlan(
            method,
            seed,
            stream,
            self._edge(chosen, seed),
            self._cloud(chosen, seed, stream, extra),
            self.link,
        )

    def plans(self, methods: Iterable[str], seeds: Sequence[int]) -> list[RunPlan]:
        """
        Plan every method with every seed.

        :param methods: names in tables.
        :param seeds: seeds.
        """
        return [self.plan(method, seed) for method in methods for seed in seeds]

    def _edge(self, method: Method, seed: int) -> EdgeConfig:
        values = {**self.edge, **method.edge, 'miner.seed': seed}
        config: EdgeConfig = _configured(EdgeConfig(), values, seed)
        return config

    def _cloud(
        self, method: Method, seed: int, stream: DataSetConfig, extra: Mapping[str, object] | None
    ) -> CloudConfig:
        own = {f'annotations.{name}': value for name, value, _ in settings_of(stream)}
        # Both sides run one model: with another size or other weights they would disagree.
        model = {name: value for name, value in self.edge.items() if name.startswith('model.')}
        values = {
            **model,
            **own,
            **USUAL,
            **self.cloud,
            **method.cloud,
            **(extra or {}),
            'update.seed': seed,
            'masks.seed': seed,
        }
        config: CloudConfig = _configured(CloudConfig(), values, seed)
        return _without_idle_settings(config)


def _without_idle_settings(config: CloudConfig) -> CloudConfig:
    """Drop settings that nothing reads without updates: such runs then serve every update rule."""
    if config.update.rule != 'none':
        return config
    update = replace(
        UpdateConfig(rule='none'),
        beta=config.update.beta,
        seed=config.update.seed,
        source_frames=min(1, config.update.source_frames),
        gate_frames=min(1, config.update.gate_frames),
    )
    labels = config.labels if config.labels.answers == 'labels' else LabelConfig()
    return replace(config, update=update, labels=labels)


def _configured(config: Any, values: Mapping[str, object], seed: int) -> Any:
    filled = {name: _filled(name, value, seed) for name, value in values.items()}
    return replace_settings(config, filled)


def _filled(name: str, value: object, seed: int) -> object:
    if not isinstance(value, str):
        return value
    text = value.replace('{seed}', str(seed))
    if '{' in text:
        raise ConfigError(name, value, 'a text in which only {seed} stands in braces')
    return text
