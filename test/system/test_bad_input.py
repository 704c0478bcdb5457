"""Bad input to running nodes: refused with a reason, counted, and the node goes on."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
import os
from pathlib import Path
import re
import time

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from laecips_bringup.node_process import NodeDiedError
from laecips_bringup.node_process import NodeProgram
from laecips_bringup.node_settings import cloud_program
from laecips_bringup.node_settings import edge_program
from laecips_bringup.process_runner import NodeProcesses
from laecips_bringup.ros_domain import private_domain
from laecips_core.image_codec import encode_image
from laecips_core.image_codec import encode_map
from laecips_core.image_codec import sha256_hex
from laecips_core.weights.files import resolve_weights
from laecips_msgs.msg import ModelVersion
from laecips_msgs.srv import GetModelUpdate
from laecips_msgs.srv import SegmentHardFrame
from laecips_ros.conversions import image_from_rgb
from laecips_ros.qos import latched
from laecips_ros.qos import masks

_WAIT_S = 60.0
_SIZE_PX = (120, 160)


def _image(stamp_s: int) -> Image:
    rng = np.random.default_rng(stamp_s)
    pixels = rng.integers(0, 255, (*_SIZE_PX, 3), np.uint8)
    return image_from_rgb(pixels, Header(stamp=Time(sec=stamp_s), frame_id='camera'))


@dataclass
class _Bench:
    """Two running nodes, and a node of ours that talks to them."""

    node: Node
    executor: SingleThreadedExecutor
    processes: NodeProcesses
    transport: str
    counts: dict[str, dict[str, int]]
    masks: list[Image]
    version: list[ModelVersion]

    def until(self, done: Callable[[], bool], what: str) -> None:
        ends_s = time.monotonic() + _WAIT_S
        while not done():
            assert time.monotonic() < ends_s, f'{what} did not come within {_WAIT_S} s'
            self.processes.check()
            self.executor.spin_once(timeout_sec=0.2)

    def count(self, node: str, counter: str) -> int:
        return self.counts.get(node, {}).get(counter, 0)

    def call(self, kind: type, service: str, request: object) -> object:
        client = self.node.create_client(kind, service)
        self.until(client.service_is_ready, service)
        future = client.call_async(request)
        self.until(future.done, f'answer of {service}')
        self.node.destroy_client(client)
        return future.result()


def _on_diagnostics(counts: dict[str, dict[str, int]], msg: DiagnosticArray) -> None:
    for status in msg.status:
        values = {item.key: int(item.value) for item in status.values if item.value.isdigit()}
        counts[status.name.partition(':')[0]] = values


@pytest.fixture(scope='module')
def bench(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[_Bench]:
    transport: str = request.param
    folder = tmp_path_factory.mktemp(transport)
    edge = {
        'image_transport': transport,
        'miner.name': 'never',
        'limits.max_image_bytes': 1_000_000,
        'limits.max_image_pixels': 1_000_000,
    }
    program = edge_program(edge)
    reliable = {'qos_overrides./image/compressed.subscription.reliability': 'reliable'}
    programs = [
        cloud_program({'update.rule': 'none', 'limits.max_image_pixels': 1_000_000}),
        NodeProgram('edge', program.module, {**program.parameters, **reliable}),
    ]
    with private_domain(os.getpid()), NodeProcesses(programs, folder) as processes:
        yield from _bench(processes, transport)


def _bench(processes: NodeProcesses, transport: str) -> Iterator[_Bench]:
    context = Context()
    rclpy.init(context=context)
    node = Node('bad_input', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    bench = _Bench(node, executor, processes, transport, {}, [], [])
    node.create_subscription(
        DiagnosticArray, '/diagnostics', lambda msg: _on_diagnostics(bench.counts, msg), 10
    )
    node.create_subscription(Image, 'edge/mask', bench.masks.append, masks())
    node.create_subscription(ModelVersion, 'cloud/model_version', bench.version.append, latched())
    bench.until(lambda: {'edge', 'cloud'} <= set(bench.counts), 'diagnostics of both nodes')
    bench.until(lambda: bool(bench.version), 'model version of the cloud')
    try:
        yield bench
    finally:
        executor.shutdown()
        node.destroy_node()
        context.try_shutdown()


def _empty(stamp_s: int) -> Image:
    return Image(header=_image(stamp_s).header, encoding='rgb8')


def _unknown_encoding(stamp_s: int) -> Image:
    msg = _image(stamp_s)
    msg.encoding = 'rgb9'
    return msg


def _wrong_step(stamp_s: int) -> Image:
    msg = _image(stamp_s)
    msg.step = 7
    return msg


def _compressed(data: bytes, stamp_s: int) -> CompressedImage:
    return CompressedImage(header=_image(stamp_s).header, format='jpeg', data=data)


def _truncated_jpeg(stamp_s: int) -> CompressedImage:
    data = encode_image(np.full((*_SIZE_PX, 3), 90, np.uint8), 'jpeg', 80)
    return _compressed(data[: len(data) // 2], stamp_s)


def _bomb(stamp_s: int) -> CompressedImage:
    data = encode_image(np.zeros((2000, 2000, 3), np.uint8), 'png', 80)
    assert len(data) < 1_000_000
    return _compressed(data, stamp_s)


def _good(transport: str, stamp_s: int) -> Image | CompressedImage:
    if transport == 'raw':
        return _image(stamp_s)
    return _compressed(encode_image(np.full((*_SIZE_PX, 3), 90, np.uint8), 'jpeg', 80), stamp_s)


@pytest.mark.parametrize('bench', ['raw'], indirect=True)
@pytest.mark.parametrize('make', [_empty, _unknown_encoding, _wrong_step])
def test_a_bad_raw_image_is_counted_and_the_next_one_gets_its_mask(
    bench: _Bench, make: Callable[[int], Image]
) -> None:
    _refused_then_masked(bench, Image, 'image', make, 'errors.bad_image')


@pytest.mark.parametrize('bench', ['compressed'], indirect=True)
@pytest.mark.parametrize(
    ('make', 'counter'),
    [(_truncated_jpeg, 'errors.bad_image'), (_bomb, 'errors.image_too_large')],
)
def test_a_bad_compressed_image_is_counted_and_the_next_one_gets_its_mask(
    bench: _Bench, make: Callable[[int], CompressedImage], counter: str
) -> None:
    _refused_then_masked(bench, CompressedImage, 'image/compressed', make, counter)


def _refused_then_masked(
    bench: _Bench, kind: type, topic: str, make: Callable[[int], object], counter: str
) -> None:
    publisher = bench.node.create_publisher(kind, topic, masks())
    bench.until(lambda: publisher.get_subscription_count() == 1, 'the edge as a subscriber')
    before, had = bench.count('edge', counter), len(bench.masks)
    publisher.publish(make(1))
    bench.until(lambda: bench.count('edge', counter) == before + 1, counter)
    assert len(bench.masks) == had
    publisher.publish(_good(bench.transport, 2 + had))
    bench.until(lambda: len(bench.masks) == had + 1, 'mask of the good image')
    assert bench.masks[-1].header.stamp.sec == 2 + had
    bench.node.destroy_publisher(publisher)


def _request(bench: _Bench) -> SegmentHardFrame.Request:
    data = encode_image(np.full((*_SIZE_PX, 3), 90, np.uint8), 'jpeg', 80)
    return SegmentHardFrame.Request(
        frame_uid='robot/1',
        robot='robot',
        weights_version=bench.version[-1].version,
        catalogue_sha256=bench.version[-1].catalogue_sha256,
        image_sha256=sha256_hex(data),
        image_data=data,
    )


def _with_wrong_digest(request: SegmentHardFrame.Request) -> None:
    request.image_sha256 = '0' * 64


def _with_unknown_version(request: SegmentHardFrame.Request) -> None:
    request.weights_version = 'feedfacecafe'


def _with_other_classes(request: SegmentHardFrame.Request) -> None:
    request.catalogue_sha256 = 'f' * 64


def _with_half_a_jpeg(request: SegmentHardFrame.Request) -> None:
    request.image_data = request.image_data[: len(request.image_data) // 2]
    request.image_sha256 = sha256_hex(bytes(request.image_data))


_REFUSED = SegmentHardFrame.Response.REFUSED
_UNKNOWN = SegmentHardFrame.Response.UNKNOWN_VERSION


@pytest.mark.parametrize('bench', ['raw'], indirect=True)
@pytest.mark.parametrize(
    ('spoil', 'status', 'counter', 'text'),
    [
        (
            _with_wrong_digest,
            _REFUSED,
            'errors.wrong_digest',
            'sha256 of.*expected 0000',
        ),
        (_with_unknown_version, _UNKNOWN, 'errors.unknown_version', "one of.*'feedfacecafe'"),
        (_with_other_classes, _REFUSED, 'errors.wrong_catalogue', 'catalogue.*got ffff'),
        (_with_half_a_jpeg, _REFUSED, 'errors.bad_image', 'image .*expected'),
    ],
)
def test_a_bad_request_is_refused_and_the_next_one_answered(
    bench: _Bench,
    spoil: Callable[[SegmentHardFrame.Request], None],
    status: int,
    counter: str,
    text: str,
) -> None:
    before = bench.count('cloud', counter)
    request = _request(bench)
    spoil(request)
    answer = bench.call(SegmentHardFrame, 'cloud/segment_hard_frame', request)
    assert answer.status == status
    assert re.search(text, answer.error)
    bench.until(lambda: bench.count('cloud', counter) == before + 1, counter)
    good = bench.call(SegmentHardFrame, 'cloud/segment_hard_frame', _request(bench))
    assert (good.status, good.error) == (SegmentHardFrame.Response.OK, '')


@pytest.mark.parametrize('bench', ['raw'], indirect=True)
def test_a_download_of_another_payload_is_refused(bench: _Bench) -> None:
    request = GetModelUpdate.Request(sha256='0' * 64, max_bytes=100)
    answer = bench.call(GetModelUpdate, 'cloud/get_model_update', request)
    assert answer.status == GetModelUpdate.Response.REFUSED
    assert 'start the download again' in answer.error


@pytest.mark.parametrize('bench', ['raw'], indirect=True)
def test_a_download_of_an_unknown_version_is_refused(bench: _Bench) -> None:
    request = GetModelUpdate.Request(version='feedfacecafe', max_bytes=100)
    answer = bench.call(GetModelUpdate, 'cloud/get_model_update', request)
    assert answer.status == GetModelUpdate.Response.UNKNOWN_VERSION


def _watch(processes: NodeProcesses) -> None:
    ends_s = time.monotonic() + _WAIT_S
    while time.monotonic() < ends_s:
        processes.check()
        time.sleep(0.05)


def _start_fails(tmp_path: Path, name: str, module: str, parameters: dict[str, object]) -> str:
    program = NodeProgram(name, module, parameters)
    with (
        private_domain(os.getpid()),
        NodeProcesses([program], tmp_path) as processes,
        pytest.raises(NodeDiedError) as died,
    ):
        _watch(processes)
    assert died.value.status == 2
    text = died.value.log.read_text()
    assert 'Traceback' not in text
    return text


def test_a_config_value_out_of_bounds_stops_the_start(tmp_path: Path) -> None:
    text = _start_fails(tmp_path, 'edge', 'laecips_edge.edge_node', {'miner.threshold': 3.0})
    assert 'miner.threshold: expected float in [0, 1], got 3.0' in text


def test_an_unknown_setting_stops_the_start(tmp_path: Path) -> None:
    text = _start_fails(tmp_path, 'edge', 'laecips_edge.edge_node', {'miner.treshold': 0.5})
    assert 'miner.treshold' in text


def test_missing_weights_stop_the_start(tmp_path: Path) -> None:
    path = str(tmp_path / 'none.safetensors')
    text = _start_fails(tmp_path, 'edge', 'laecips_edge.edge_node', {'model.weights': path})
    assert path in text
    assert 'laecips pretrain' in text


def test_damaged_weights_stop_the_start(tmp_path: Path) -> None:
    data = bytearray(resolve_weights('builtin:patrol').read_bytes())
    data[-100] ^= 0xFF
    path = tmp_path / 'damaged.safetensors'
    path.write_bytes(data)
    text = _start_fails(
        tmp_path, 'cloud', 'laecips_cloud.cloud_node', {'model.weights': str(path)}
    )
    assert 'expected' in text


def test_other_classes_than_the_weights_stop_the_start(tmp_path: Path) -> None:
    data = tmp_path / 'data'
    _write_data_set(data)
    parameters = {'source.name': 'folder', 'source.root': str(data)}
    text = _start_fails(tmp_path, 'cloud', 'laecips_cloud.cloud_node', parameters)
    assert 'classes of the source data set' in text


def _write_data_set(root: Path) -> None:
    for folder in ('images', 'labels'):
        (root / folder).mkdir(parents=True)
    labels = np.zeros(_SIZE_PX, np.uint8)
    image = np.zeros((*_SIZE_PX, 3), np.uint8)
    (root / 'images' / 'walk_000001.png').write_bytes(encode_image(image, 'png', 80))
    (root / 'labels' / 'walk_000001.png').write_bytes(encode_map(labels))
    (root / 'dataset.yaml').write_text('classes:\n  - {name: moon, colour: [9, 9, 9]}\n')
