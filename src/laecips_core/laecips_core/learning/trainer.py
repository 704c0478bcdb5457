"""One training round: train, judge, and release or reject."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
import time

from laecips_core.config import UpdateConfig
from laecips_core.learning.blend import blended
from laecips_core.learning.gate import GateDecision
from laecips_core.learning.gate import OpenGate
from laecips_core.learning.gate import ReleaseGate
from laecips_core.learning.miner_training import go_on
from laecips_core.ports import UpdateRule
from laecips_core.values import LabelledFrame
from laecips_core.values import ModelWeights
from laecips_core.values import Sample
from laecips_core.values import WeightUpdate

_HOLD_BACK_EVERY = 5


@dataclass(frozen=True)
class RoundResult:
    """
    What a training round came to.

    :param update: the released version; None when the gate held it back.
    :param reason: what the gate measured.
    :param samples: fused frames of the round, held-back ones included.
    :param duration_s: training and gate in seconds.
    """

    update: WeightUpdate | None
    reason: str
    samples: int
    duration_s: float


def split_samples(samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
    """
    Hold back every fifth sample for the gate.

    :param samples: at least one sample.
    :returns: samples to train on, never none, and samples held back, perhaps none.
    """
    trained = [s for i, s in enumerate(samples) if (i + 1) % _HOLD_BACK_EVERY]
    held_back = [s for i, s in enumerate(samples) if not (i + 1) % _HOLD_BACK_EVERY]
    return trained, held_back


def uncut(parent: ModelWeights, child: ModelWeights) -> ModelWeights:
    """
    Leave a candidate as it is.

    :param parent: the running weights.
    :param child: the candidate.
    """
    return child


class Trainer:
    """
    Runs training rounds; the caller decides when and on which thread.

    :param rule: the update rule.
    :param gate: the release gate.
    :param source: annotated frames for replay; may be empty.
    :param decode: gives the numbers of an update.
    :param encode: packs a candidate trained from a parent version.
    :param seed: of round 1; round n uses seed + n - 1.
    :param memory_frames: frames of earlier rounds that are trained on again, and so many of those
        held back that the gate looks at again; 0: none.
    :param retries: how often a rejected candidate is tried again at half the way.
    :param cut: leaves out changes of a candidate from the running weights, so that its delta stays
        within a bound; judged and released is what it gives.
    """

    def __init__(
        self,
        rule: UpdateRule,
        gate: ReleaseGate,
        source: Sequence[LabelledFrame],
        decode: Callable[[WeightUpdate], ModelWeights],
        encode: Callable[[ModelWeights, str], WeightUpdate],
        seed: int,
        memory_frames: int = 0,
        retries: int = 0,
        cut: Callable[[ModelWeights, ModelWeights], ModelWeights] = uncut,
    ) -> None:
        """Keep the parts."""
        self._rule = rule
        self._gate = gate
        self._source = source
        self._decode = decode
        self._encode = encode
        self._seed = seed
        self._retries, self._cut = retries, cut
        self._memory: deque[Sample] = deque(maxlen=memory_frames)
        self._held_back: deque[Sample] = deque(maxlen=memory_frames)

    def configure(self, config: UpdateConfig) -> None:
        """
        Change what the gate tolerates, from the next round on.

        :param config: checked settings.
        """
        self._gate.configure(config)

    def round(
        self,
        running: WeightUpdate,
        samples: Sequence[Sample],
        number: int,
        checkpoint: Callable[[], None] = go_on,
    ) -> RoundResult:
        """
        Train from the running version and judge what comes out.

        :param running: the newest released version.
        :param samples: hard frames with fused labels, oldest first; at least one.
        :param number: of the round, from 1.
        :param checkpoint: called before every step; what it raises ends the round.
        :returns: the released version, or why there is none.
        :raises WeightsError: when training diverged to numbers that are not finite, or no delta is
            small enough.
        """
        started_s = time.perf_counter()
        trained, held_back = split_samples(samples)
        start = self._decode(running)
        seed = self._seed + number - 1
        remembered = [*self._memory, *trained]
        raw = self._rule.round(start, remembered, self._source, seed, checkpoint)
        images = [sample.frame.image for sample in samples]
        gate = self._gate.open(start, [*self._held_back, *held_back], images)
        update, decision = self._strongest(start, raw, running.manifest.version, gate)
        self._memory.extend(trained)
        self._held_back.extend(held_back)
        duration_s = time.perf_counter() - started_s
        released = update if decision.released else None
        return RoundResult(released, decision.reason, len(samples), duration_s)

    def _strongest(
        self, start: ModelWeights, raw: ModelWeights, parent: str, gate: OpenGate
    ) -> tuple[WeightUpdate, GateDecision]:
        """
        Find the candidate that goes farthest towards the trained weights and is let through.

        Where none is, and the running version is worse than the first by now, that one goes out.
        """
        whole = self._cut(start, raw)
        for retry in range(self._retries + 1):
            share = 0.5**retry
            # Half the way changes the same numbers, and most often in fewer bytes, not always.
            candidate = self._cut(start, blended(start, whole, share)) if retry else whole
            update = self._encode(candidate, parent)
            # What goes out is rounded to the wire's precision, so the rounded weights are judged.
            decision = gate.judge(self._decode(update))
            if decision.released:
                break
        if not decision.released and gate.way_back is not None:
            reason = f'back to the first version, the lead over it is lost: {decision.reason}'
            return self._encode(gate.way_back, parent), GateDecision(True, reason)
        if retry:
            reason = f'at {share:g} of the way: {decision.reason}'
            decision = GateDecision(decision.released, reason)
        return update, decision
