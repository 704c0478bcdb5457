from __future__ import annotations

import numpy as np

from laecips_core.labels.edge_labels import EdgeLabels
from laecips_core.values import Prediction


def test_the_edge_labels_are_its_own_prediction() -> None:
    prediction = Prediction(np.full((2, 1, 1), 0.5, np.float32), (4, 6), 'v1')
    assert EdgeLabels().labels(np.zeros((4, 6, 3), np.uint8), prediction) is prediction
