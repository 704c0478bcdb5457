"""Updates that a robot must not run, told by its network or sent through its bridge."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import replace
import json
import os
import time

from link_world import LinkWorld
import pytest

from laecips_bridge.emulator.link_profile import LinkProfile
from laecips_bridge.emulator.namespaces import available
from laecips_core.config import LimitsConfig
from laecips_core.values import WeightManifest
from laecips_core.values import WeightUpdate
from laecips_core.weights.encoding import catalogue_of
from laecips_core.weights.encoding import decode
from laecips_core.weights.encoding import encode
from laecips_core.weights.files import load_update
from laecips_core.weights.files import resolve_weights
from laecips_core.weights.release_keys import write_release_keys
from laecips_core.weights.signing import ReleaseSigner

_REASON = available()
pytestmark = pytest.mark.skipif(bool(_REASON), reason=_REASON)

_MAX_BYTES = LimitsConfig().max_update_bytes
_HOUR_NS = 3600 * 10**9
_RUNNING = 5
"""Number of the release that the robot runs."""


@dataclass
class _Scene:
    """The world, who announces in it, and the weights it is about."""

    world: LinkWorld
    signer: ReleaseSigner
    other: ReleaseSigner
    start: WeightUpdate
    good: WeightUpdate
    bad: WeightUpdate
    announced: dict[str, int]

    def announce(self, side: str, manifest: WeightManifest) -> None:
        number = self.announced[side]
        self.announced[side] = number + 1
        entry = {**asdict(manifest), 'signature': manifest.signature.hex()}
        path = self.world.folder / side / f'{number}.json'
        path.with_suffix('.new').write_text(json.dumps(entry), encoding='utf-8')
        os.replace(path.with_suffix('.new'), path)

    def sign(self, update: WeightUpdate, release: int, valid_ns: int = _HOUR_NS) -> WeightManifest:
        expires_ns = time.time_ns() + valid_ns
        return self.signer.sign(update.manifest, release=release, expires_ns=expires_ns)

    def running(self) -> tuple[str, int]:
        values = self.world.robot.values('edge')
        return values.get('weights_version', ''), int(values.get('release', -1))


def _changed(start: WeightUpdate, factor: float) -> WeightUpdate:
    weights = decode(start, _MAX_BYTES)
    name = next(name for name in weights.edge if weights.edge[name].ndim == 4)
    weights.edge[name][0] *= factor
    return encode(
        weights,
        model=start.manifest.model,
        catalogue=catalogue_of(start),
        parent=start.manifest.version,
    )


@pytest.fixture(scope='module')
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Scene]:
    """A robot that has taken release 5 over both bridges; the cloud's place is ours."""
    folder = tmp_path_factory.mktemp('updates')
    profile = LinkProfile(rate_bytes_per_s=2e6, delay_s=0.005)
    changes = {'edge': {'updates.probation_frames': 1, 'uplink.update_deadline_s': 2.0}}
    changes['edge']['limits.max_update_bytes'] = _MAX_BYTES
    rate = {'link.rate_bytes_per_s': 2_000_000}
    changes['bridge_robot'] = changes['bridge_server'] = rate
    write_release_keys(folder / 'other.key', folder / 'other.pub')
    start = load_update(resolve_weights('builtin:patrol'), _MAX_BYTES)
    with LinkWorld(folder, profile, changes) as world:
        signer = ReleaseSigner(world.files.release_private)
        other = ReleaseSigner(folder / 'other.key')
        updates = start, _changed(start, 1.25), _changed(start, 1.5)
        scene = _Scene(world, signer, other, *updates, {'server': 0, 'robot': 0})
        for side in scene.announced:
            (folder / side).mkdir()
            for update in updates:
                (folder / side / update.manifest.sha256).write_bytes(update.payload)
            parameters = {'folder': str(folder / side), 'serves': side == 'server'}
            world.start(world.program(side, f'forger_{side}', 'link_forger', parameters))
        for name in ('bridge_server', 'bridge_robot', 'edge'):
            world.start(world.node(name))
        world.until(world.is_up, 'link up')
        scene.announce('server', scene.sign(scene.start, 1))
        scene.announce('server', scene.sign(scene.good, _RUNNING))
        wanted = scene.good.manifest.version, _RUNNING
        world.until(lambda: scene.running() == wanted, 'release 5 on the robot')
        yield scene


def _one_byte_changed(scene: _Scene) -> WeightManifest:
    manifest = scene.sign(scene.bad, _RUNNING + 1)
    signature = bytes([manifest.signature[0] ^ 1]) + manifest.signature[1:]
    return replace(manifest, signature=signature)


def _by_another_key(scene: _Scene) -> WeightManifest:
    return scene.other.sign(scene.bad.manifest, release=_RUNNING + 1, expires_ns=0)


def _signature_of_another_release(scene: _Scene) -> WeightManifest:
    manifest = scene.sign(scene.good, _RUNNING)
    bad = scene.bad.manifest
    return replace(bad, release=_RUNNING, expires_ns=0, signature=manifest.signature)


def _number_raised(scene: _Scene) -> WeightManifest:
    return replace(scene.sign(scene.start, 1), release=_RUNNING + 1)


def _not_signed(scene: _Scene) -> WeightManifest:
    return scene.bad.manifest


def _replayed(scene: _Scene) -> WeightManifest:
    return scene.sign(scene.start, 1)


def _downgraded(scene: _Scene) -> WeightManifest:
    return scene.sign(scene.bad, _RUNNING - 1)


def _second_of_its_number(scene: _Scene) -> WeightManifest:
    return scene.sign(scene.bad, _RUNNING)


def _expired(scene: _Scene) -> WeightManifest:
    return scene.sign(scene.bad, _RUNNING + 1, valid_ns=-1)


@pytest.mark.parametrize('side', ['robot', 'server'])
@pytest.mark.parametrize(
    ('make', 'code', 'told'),
    [
        (_one_byte_changed, 'bad_signature', 'one by the release key'),
        (_by_another_key, 'bad_signature', 'one by the release key'),
        (_signature_of_another_release, 'bad_signature', 'one by the release key'),
        (_number_raised, 'bad_signature', 'one by the release key'),
        (_not_signed, 'bad_signature', '64 bytes of the release key'),
        (_replayed, 'old_release', f'at least {_RUNNING}'),
        (_downgraded, 'old_release', f'at least {_RUNNING}'),
        (_second_of_its_number, 'old_release', f'release {_RUNNING}: expected version'),
        (_expired, 'expired_release', 'an expiry after'),
    ],
)
def test_the_robot_stays_on_its_version_and_says_why(
    scene: _Scene, side: str, make: Callable[[_Scene], WeightManifest], code: str, told: str
) -> None:
    edge, counter = scene.world.robot, f'errors.{code}'
    before = edge.count('edge', counter)
    scene.announce(side, make(scene))
    scene.world.until(lambda: edge.count('edge', counter) == before + 1, counter, 10.0)
    values = edge.values('edge')
    assert told in values['update_refused']
    assert values['update_under_way'] == 'none'
    assert scene.running() == (scene.good.manifest.version, _RUNNING)
    assert edge.count('edge', 'updates') == 1


def test_other_bytes_than_those_signed_are_not_run_and_a_good_release_then_is(
    scene: _Scene,
) -> None:
    world, release = scene.world, _RUNNING + 2
    signed = scene.sign(scene.bad, release)
    # Digest and size of the payload are not signed: a bridge in other hands may change them.
    forged = replace(
        signed, sha256=scene.good.manifest.sha256, size_bytes=scene.good.manifest.size_bytes
    )
    scene.announce('server', forged)
    world.until(
        lambda: world.robot.values('edge')['update_refused'].startswith('manifest version'),
        'a refusal of the payload',
        20.0,
    )
    assert scene.running() == (scene.good.manifest.version, _RUNNING)
    scene.announce('server', scene.sign(scene.bad, release + 1))
    wanted = scene.bad.manifest.version, release + 1
    world.until(lambda: scene.running() == wanted, f'release {release + 1} on the robot')
    assert world.robot.count('edge', 'updates') == 2
