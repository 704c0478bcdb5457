"""The paper's label source: the edge model's own classes."""

from __future__ import annotations

from laecips_core.values import Image
from laecips_core.values import Prediction


class EdgeLabels:
    """
    Trains the edge model on its own classes, made sharper by the masks (Eq. 13).

    Class errors of the edge model come back as labels: on real video this source made the edge
    model worse. It is the paper's, and needs nothing.
    """

    name = 'edge'

    def labels(self, image: Image, prediction: Prediction) -> Prediction:
        """
        Give the edge model's own prediction.

        :param image: (H, W, 3) uint8 RGB; not read.
        :param prediction: the edge model's.
        """
        return prediction
