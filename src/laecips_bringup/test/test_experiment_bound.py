from __future__ import annotations

from dataclasses import replace

from laecips_bringup.experiment_bound import bound_texts
from laecips_core.experiments.bound import Bound
from laecips_core.experiments.bound import BoundConfig
from laecips_core.experiments.rademacher import Complexity

# With e^-2 as the chance of failure and 100 frames the confidence term is 0.1.
CONFIG = BoundConfig(failure_probability=0.1353352832366127, max_loss=1.0, min_confidence=0.1)
BOUND = Bound(
    100, 0.5, CONFIG, 0.25, Complexity(0.2, 0.01), Complexity(0.1, 0.02), ('One.', 'Two.')
)


def test_every_term_is_a_line() -> None:
    texts = bound_texts(BOUND)
    assert list(texts) == [
        'sample', 'empirical loss', 'Rademacher complexity of the miners',
        'Rademacher complexity of the edge models', 'confidence term', 'bound as in Eq. 16',
        'bound with the proof’s lost factors', 'assumption 1', 'assumption 2',
    ]  # fmt: skip
    assert texts['sample'] == '100 frames, β = 0.5'
    assert texts['empirical loss'] == '0.250 nats'
    assert texts['Rademacher complexity of the miners'].startswith('0.200 (standard error 0.010)')
    assert texts['confidence term'] == '0.100, for failure in 14% of samples'
    assert texts['assumption 2'] == 'Two.'


def test_a_bound_says_whether_it_is_vacuous() -> None:
    # 0.25 + 1.5 * 0.2 + 0.1 + 0.1 = 0.75; the largest loss is 0.1 - 0.5 ln 0.1 = 1.251.
    texts = bound_texts(BOUND)
    assert texts['bound as in Eq. 16'] == '0.750 nats: below the largest loss 1.251'
    assert texts['bound with the proof’s lost factors'].endswith(
        'nats: vacuous: no loss is above 1.251 anyway'
    )
    empty = bound_texts(replace(BOUND, empirical_loss=1.0))
    assert 'vacuous' in empty['bound as in Eq. 16']
