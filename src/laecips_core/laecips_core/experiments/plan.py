"""What one run of an experiment is: a method, a stream, a seed."""

from __future__ import annotations

from dataclasses import asdict
from dataclasses import dataclass
import hashlib
import json
from pathlib import Path

from laecips_core.config import CloudConfig
from laecips_core.config import DataSetConfig
from laecips_core.config import EdgeConfig
from laecips_core.experiments.link import LinkConfig
from laecips_core.experiments.results import FORMAT
from laecips_core.weights.files import resolve_weights


@dataclass(frozen=True)
class RunPlan:
    """
    One method on one stream with one seed.

    :param method: row of the table.
    :param seed: of training, masks and random choices; already in the settings.
    :param stream: the annotated frames to feed.
    :param edge: the edge's settings.
    :param cloud: the cloud's settings.
    :param link: what lies between them.
    """

    method: str
    seed: int
    stream: DataSetConfig
    edge: EdgeConfig
    cloud: CloudConfig
    link: LinkConfig

    @property
    def mask_settings(self) -> str:
        """Write all that masks depend on besides the image."""
        return json.dumps(asdict(self.cloud.masks), sort_keys=True)

    @property
    def label_settings(self) -> str:
        """Write all that the label source depends on besides the image; weights by their bytes."""
        labels, weights = self.cloud.labels, [self.cloud.labels.weights, self.cloud.model.weights]
        digests = [_digest(resolve_weights(name)) for name in weights if name]
        size_px = self.cloud.model.input_height_px, self.cloud.model.input_width_px
        values = {**asdict(labels), 'weights': '', 'answers': ''}
        values |= {'digests': digests, 'model_size_px': size_px}
        return json.dumps(values, sort_keys=True)

    @property
    def key(self) -> str:
        """
        Name the result by all that it depends on.

        Weights count by name and by their bytes. The code does not: after a change of it, results
        are to be computed afresh by choice.

        :raises WeightsError: when a weights file is missing.
        """
        files = {self.edge.model.weights, self.cloud.model.weights, self.cloud.labels.weights}
        digests = {name: _digest(resolve_weights(name)) for name in sorted(files) if name}
        text = json.dumps({'format': FORMAT, **asdict(self), 'digests': digests}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
