"""The tool that writes the stubs, on classes that are documented as pybind11 documents them."""

from __future__ import annotations

from importlib.util import module_from_spec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOOL = Path(__file__).resolve().parents[4] / 'tools' / 'tensorrt_names.py'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    spec = spec_from_file_location('tensorrt_names', TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def documented(text: str) -> Any:
    def call() -> None:
        """Never called."""

    call.__doc__ = text
    return call


def stub(tool: ModuleType, **classes: type) -> list[str]:
    module = ModuleType('tensorrt')
    vars(module).update(classes)
    text: str = tool.stub(module, '1.2.3')
    return text.partition('__version__: str\n')[2].strip().splitlines()


@pytest.mark.parametrize(
    ('text', 'line'),
    [
        (
            'parse(self: tensorrt.X, model: buffer) -> bool\n\nReads.',
            '(self, model: Buffer) -> bool',
        ),
        ('parse(self: tensorrt.X, a: int = 0) -> None', '(self, a: int = ...) -> None'),
        (
            'parse(self: tensorrt.X, s: tensorrt.E = <E.A: 0>, t: tuple) -> Tuple[List[str], int]',
            '(self, s: object, t: tuple) -> tuple[list[str], int]',
        ),
        (
            'parse(self: X, w: numpy.ndarray) -> Callable[[int], str]',
            '(self, w: object) -> object',
        ),
        ('parse(self: X, n: typing.SupportsInt) -> List[X]', '(self, n: int) -> list[object]'),
        ('parse(self: X, k: int) -> nvonnxparser::IParserError', '(self, k: int) -> ParserError'),
    ],
)
def test_a_method_is_translated(tool: ModuleType, text: str, line: str) -> None:
    kind = type('OnnxParser', (), {'parse': documented(text)})
    error = type('ParserError', (), {})
    assert f'    def parse{line}: ...' in stub(tool, OnnxParser=kind, ParserError=error)


def test_overloads_and_properties_are_told(tool: ModuleType) -> None:
    overloads = (
        '__init__(*args)\nOverloaded function.\n\n1. __init__(self: tensorrt.Weights) -> None\n'
    )
    overloads += '\n2. __init__(self: tensorrt.Weights, a: numpy.ndarray) -> None\n'
    members = {
        '__init__': documented(overloads),
        '__repr__': documented('__repr__(self: tensorrt.Weights) -> str'),
        'size': property(documented('(arg0: tensorrt.Weights) -> int')),
        'type': property(documented('(arg0: tensorrt.Weights) -> x.Y'), documented('')),
    }
    assert stub(tool, Weights=type('Weights', (), members)) == [
        'class Weights:',
        '    @overload',
        '    def __init__(self) -> None: ...',
        '    @overload',
        '    def __init__(self, a: object) -> None: ...',
        '    @property',
        '    def size(self) -> int: ...',
        '    @property',
        '    def type(self) -> object: ...',
        '    @type.setter',
        '    def type(self, value: object) -> None: ...',
    ]


def test_enums_bases_and_inner_classes_are_told(tool: ModuleType) -> None:
    severity = type(
        'Severity', (), {'__members__': {'ERROR': 1}, '__qualname__': 'ILogger.Severity'}
    )
    lines = stub(
        tool,
        ILogger=type('ILogger', (), {'Severity': severity}),
        ILayer=(layer := type('ILayer', (), {})),
        IScaleLayer=type('IScaleLayer', (layer,), {}),
    )
    assert '        ERROR: ILogger.Severity' in lines
    assert 'class IScaleLayer(ILayer):' in lines
    assert 'class ILayer:' in lines
