"""The table of packages, held: an import outside it fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import sys

import pytest

SRC = Path(__file__).resolve().parents[1] / 'src'

NUMERIC = frozenset({'cv2', 'numpy'})
ROS = frozenset(
    {
        'ament_index_python',
        'builtin_interfaces',
        'cv_bridge',
        'diagnostic_msgs',
        'diagnostic_updater',
        'geometry_msgs',
        'lifecycle_msgs',
        'rcl_interfaces',
        'rclpy',
        'sensor_msgs',
        'std_msgs',
        'std_srvs',
        'vision_msgs',
    }
)
NODE = NUMERIC | ROS | {'laecips_core', 'laecips_msgs', 'laecips_ros'}

# What each package may import besides the standard library and itself.
ALLOWED = {
    'laecips_msgs': frozenset[str](),
    'laecips_core': NUMERIC
    | {'cryptography', 'matplotlib', 'numba', 'rosbags', 'safetensors', 'skimage', 'torch'}
    | {'yaml', 'zstandard'}
    | {'huggingface_hub', 'onnx', 'onnxruntime', 'onnxscript', 'pycuda', 'segment_anything'}
    | {'segmentation_models_pytorch', 'tensorrt', 'torchvision', 'transformers'},
    'laecips_ros': NUMERIC | ROS | {'laecips_core', 'laecips_msgs', 'rosbags', 'yaml'},
    'laecips_edge': NODE,
    'laecips_cloud': NODE,
    'laecips_bridge': NODE | {'msgpack', 'zenoh'},
    'laecips_bringup': NODE
    | {'laecips_bridge', 'laecips_cloud', 'laecips_edge'}
    | {'bokeh', 'cryptography', 'jinja2', 'launch', 'launch_ros', 'matplotlib', 'rich'}
    | {'rosbags', 'torch', 'tornado', 'yaml'},
}
# Their tests may also use these, as tools and as independent references.
ALLOWED_IN_TESTS = frozenset(
    {'hypothesis', 'launch_testing', 'pytest', 'safetensors', 'scipy', 'skimage', 'torch', 'yaml'}
)
REFUSED_WORDS = frozenset({'helper', 'helpers', 'manager', 'managers', 'misc', 'util', 'utils'})
NODE_LINES = 150
DYNAMIC_IMPORTS = frozenset({'__import__', 'import_module'})


@dataclass(frozen=True)
class Import:
    """One imported top-level module and the line that imports it."""

    module: str
    line: int


def called_name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ''


def imported_names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
        case ast.Call(args=[ast.Constant(value=str(name)), *_]) if called_name(
            node
        ) in DYNAMIC_IMPORTS and not name.startswith('.'):
            return [name]
    return []


def imports(source: str) -> list[Import]:
    """Find every import of a source, also those inside functions and conditions."""
    found = [
        Import(name.partition('.')[0], getattr(node, 'lineno', 0))
        for node in ast.walk(ast.parse(source))
        for name in imported_names(node)
    ]
    return sorted(found, key=lambda one: one.line)


def violations(package: str, source: str, *, in_tests: bool = False) -> list[Import]:
    """List the imports of a source that its package's row of the table does not allow."""
    allowed = ALLOWED[package] | {package, '__future__'} | sys.stdlib_module_names
    if in_tests:
        allowed |= ALLOWED_IN_TESTS
    return [one for one in imports(source) if one.module not in allowed]


def python_files(package: str) -> Iterator[Path]:
    yield from sorted((SRC / package / package).rglob('*.py'))
    yield from sorted((SRC / package / 'test').rglob('*.py'))


def refused_words(path: Path) -> set[str]:
    """List the words of a path, relative to src, that say nothing about what is in the file."""
    names = [*path.parts[:-1], path.stem]
    return {word for name in names for word in name.split('_')} & REFUSED_WORDS


def test_the_table_names_every_package() -> None:
    assert {path.parent.name for path in SRC.glob('*/package.xml')} == set(ALLOWED)


@pytest.mark.parametrize('package', ALLOWED)
def test_package_imports_only_what_the_table_allows(package: str) -> None:
    wrong = [
        f'{path.relative_to(SRC)}:{one.line} imports {one.module}'
        for path in python_files(package)
        for one in violations(
            package,
            path.read_text(encoding='utf-8'),
            in_tests='test' in path.relative_to(SRC / package).parts,
        )
    ]
    assert wrong == []


def test_no_module_hides_behind_an_empty_name() -> None:
    files = [path.relative_to(SRC) for package in ALLOWED for path in python_files(package)]
    assert [str(path) for path in files if refused_words(path)] == []


def test_a_node_stays_short() -> None:
    lengths = {
        str(path.relative_to(SRC)): len(path.read_text(encoding='utf-8').splitlines())
        for path in sorted(SRC.glob('*/*/**/*_node.py'))
        if not path.name.startswith('test_')
    }
    assert {name: n for name, n in lengths.items() if n >= NODE_LINES} == {}


@pytest.mark.parametrize(
    ('package', 'source', 'modules'),
    [
        ('laecips_core', 'import rclpy.node', ['rclpy']),
        ('laecips_core', 'from sensor_msgs.msg import Image', ['sensor_msgs']),
        ('laecips_core', 'import numpy as np\nimport laecips_ros', ['laecips_ros']),
        ('laecips_core', 'def lazy():\n    from rclpy import init', ['rclpy']),
        ('laecips_core', 'import importlib\nimportlib.import_module("rclpy")', ['rclpy']),
        ('laecips_core', '__import__("laecips_edge.edge_node")', ['laecips_edge']),
        ('laecips_edge', 'from laecips_cloud import cloud_node', ['laecips_cloud']),
        ('laecips_cloud', 'import laecips_edge', ['laecips_edge']),
        ('laecips_ros', 'import laecips_edge, laecips_core', ['laecips_edge']),
        ('laecips_ros', 'import pytest', ['pytest']),
    ],
)
def test_checker_catches_a_violation(package: str, source: str, modules: list[str]) -> None:
    assert [one.module for one in violations(package, source)] == modules


@pytest.mark.parametrize(
    ('package', 'source'),
    [
        ('laecips_core', 'from __future__ import annotations\nimport json\nimport torch.nn'),
        (
            'laecips_core',
            'from . import rclpy\nfrom .rclpy import node\nfrom laecips_core import x',
        ),
        ('laecips_core', 'open("rclpy")'),
        ('laecips_ros', 'from laecips_msgs.msg import Report\nimport rclpy'),
    ],
)
def test_checker_allows_what_the_table_allows(package: str, source: str) -> None:
    assert violations(package, source) == []


def test_checker_tells_the_line() -> None:
    assert violations('laecips_core', 'import json\n\nimport rclpy') == [Import('rclpy', 3)]


@pytest.mark.parametrize(
    ('path', 'words'),
    [
        ('laecips_core/laecips_core/image_utils.py', {'utils'}),
        ('laecips_core/laecips_core/misc/masks.py', {'misc'}),
        ('laecips_core/laecips_core/utilisation.py', set()),
    ],
)
def test_checker_refuses_empty_names(path: str, words: set[str]) -> None:
    assert refused_words(Path(path)) == words
