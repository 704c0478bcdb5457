"""
Writes down what a release of TensorRT's Python bindings offers, as a typing stub.

``python tools/tensorrt_names.py WHEEL FOLDER`` takes a wheel of the bindings alone, for the
running Python, and writes ``FOLDER/tensorrt-VERSION.pyi.txt``. The bindings are imported in a
process of its own beside empty libraries that only satisfy the linker, and asked for the names
and signatures of the classes listed here; nothing of TensorRT runs, so no GPU is needed. It needs
a C compiler and binutils.

The tests of the engine check our calls against the files it wrote.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib.util import module_from_spec
from importlib.util import spec_from_file_location
import os
from pathlib import Path
import re
import subprocess
import sys
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any
import zipfile

CLASSES = (
    'Builder',
    'BuilderFlag',
    'DataType',
    'Dims',
    'IBuilderConfig',
    'IConstantLayer',
    'IConvolutionLayer',
    'ICudaEngine',
    'IDeconvolutionLayer',
    'IExecutionContext',
    'IHostMemory',
    'ILayer',
    'ILogger',
    'INetworkDefinition',
    'IProgressMonitor',
    'IScaleLayer',
    'LayerType',
    'MemoryPoolType',
    'NetworkDefinitionCreationFlag',
    'OnnxParser',
    'ParserError',
    'Refitter',
    'Runtime',
    'TensorIOMode',
    'Weights',
    'WeightsRole',
)
_PLAIN = {'bool', 'bytes', 'dict', 'float', 'int', 'list', 'None', 'object', 'str', 'tuple'}
_OTHER_NAMES = {
    'buffer': 'Buffer',
    'typing_extensions.Buffer': 'Buffer',
    'collections.abc.Buffer': 'Buffer',
    'typing.SupportsInt': 'int',
    'List': 'list',
    'Tuple': 'tuple',
}
_HEAD = """\
# Written by tools/tensorrt_names.py from the bindings of TensorRT {version}.
from typing import overload
from typing_extensions import Buffer

__version__: str
"""
_FOR_ALL = ('__init__', '__getitem__', '__len__', '__int__')
_ENUM = """\
    name: str
    value: int
    def __int__(self) -> int: ...
"""


def main() -> None:
    """Read the command line; the process that imports the bindings is this file again."""
    if sys.argv[1:2] == ['--inside']:
        print(stub(_imported(Path(sys.argv[2])), sys.argv[3]), end='')
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument('wheel', type=Path)
    parser.add_argument('folder', type=Path)
    order = parser.parse_args()
    with TemporaryDirectory() as work:
        version, text = _read(order.wheel, Path(work))
    target = order.folder / f'tensorrt-{version}.pyi.txt'
    target.write_text(text, encoding='utf-8')
    print(f'{target}: {len(text)} characters')


def _read(wheel: Path, work: Path) -> tuple[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work)
    (bindings,) = work.glob('*/tensorrt.so')
    found = re.search(
        r'^__version__ = "(.+)"', (bindings.parent / '__init__.py').read_text(), re.M
    )
    if found is None:
        raise SystemExit(f'{wheel}: expected a __version__, got none')
    _write_empty_libraries(bindings, work)
    child = [sys.executable, __file__, '--inside', str(bindings), found[1]]
    environment = {**os.environ, 'LD_LIBRARY_PATH': str(work)}
    return found[1], _output(child, environment)


def _write_empty_libraries(bindings: Path, work: Path) -> None:
    """Give the linker every function that it looks for; none is ever called."""
    symbols = re.findall(
        r'^ +U (?!_?Py)(\w+)$', _output(['nm', '-D', '--undefined-only', str(bindings)]), re.M
    )
    source = work / 'empty.c'
    source.write_text(''.join(f'void *{name}(void) {{ return 0; }}\n' for name in symbols))
    needed = re.findall(r'\[(libnv[^]]+)\]', _output(['readelf', '-d', str(bindings)]))
    for name in needed:
        _output(['cc', '-shared', '-fPIC', '-w', '-fno-builtin', str(source), '-o', work / name])


def _output(command: list[Any], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise SystemExit(f'{command[0]} failed: {done.stderr}')
    return done.stdout


def _imported(bindings: Path) -> ModuleType:
    spec = spec_from_file_location('tensorrt', bindings)
    if spec is None or spec.loader is None:
        raise SystemExit(f'{bindings}: expected an extension module')
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stub(module: ModuleType, version: str) -> str:
    """
    Write the stub of the classes that a release has.

    :param module: the bindings.
    :param version: their version.
    """
    known = {name: getattr(module, name) for name in CLASSES if hasattr(module, name)}
    lines = [_HEAD.format(version=version)]
    for name, kind in known.items():
        lines += ['', *_class(name, kind, set(known))]
    return '\n'.join(lines) + '\n'


def _class(name: str, kind: Any, known: set[str]) -> Iterator[str]:
    bases = [base.__name__ for base in kind.__bases__ if base.__name__ in known]
    yield f'class {name}({", ".join(bases)}):' if bases else f'class {name}:'
    if hasattr(kind, '__members__'):
        yield from _ENUM.splitlines()
        yield from (f'    {member}: {_owner(kind)}' for member in kind.__members__)
        return
    for key, value in sorted(vars(kind).items()):
        if isinstance(value, property):
            yield from _property(key, value, known)
        elif isinstance(value, type):
            yield from (f'    {line}' for line in _class(key, value, known))
        elif not key.startswith('_') or key in _FOR_ALL:
            yield from _method(key, value, known)
    if 'buffer' in (kind.__doc__ or ''):
        yield '    def __buffer__(self, flags: int, /) -> memoryview: ...'


def _owner(kind: Any) -> str:
    return str(kind.__qualname__)


def _property(name: str, value: property, known: set[str]) -> Iterator[str]:
    returned = re.search(r'-> (.+)', value.fget.__doc__ or '') if value.fget else None
    kind = _kind(returned[1], known) if returned else 'object'
    yield '    @property'
    yield f'    def {name}(self) -> {kind}: ...'
    if value.fset:
        yield f'    @{name}.setter'
        yield f'    def {name}(self, value: {kind}) -> None: ...'


def _method(name: str, value: Any, known: set[str]) -> Iterator[str]:
    found = re.findall(rf'^(?:\d+\. )?{name}\((.*)\) -> (.+)$', value.__doc__ or '', re.M)
    for parameters, returned in found:
        given = _parameters(_split(parameters)[1:], known)
        if len(found) > 1:
            yield '    @overload'
        yield f'    def {name}({", ".join(["self", *given])}) -> {_kind(returned, known)}: ...'


def _split(text: str) -> list[str]:
    """Split at the commas that stand in no bracket."""
    parts, depth = [''], 0
    for character in text:
        depth += (character in '[(<') - (character in '])>')
        if character == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _parameters(given: list[str], known: set[str]) -> list[str]:
    """Translate parameters; a default before one without cannot be written, and is left out."""
    written: list[str] = []
    optional = True
    for text in reversed(given):
        name, _, rest = text.partition(': ')
        kind, default, _ = rest.partition(' = ')
        optional = optional and bool(default)
        written.insert(0, f'{name}: {_kind(kind, known)}{" = ..." if optional else ""}')
    return written


def _kind(text: str, known: set[str]) -> str:
    """Translate a type as pybind11 writes it; what is not listed here is any object."""

    def translated(match: re.Match[str]) -> str:
        name = re.sub(r'^(tensorrt|nvinfer1|nvonnxparser)(\.|::)', '', match[0])
        name = name.replace('::', '.')
        if name == 'IParserError':  # the name in C++, where a signature was written too early
            return 'ParserError'
        if name in _PLAIN or name.partition('.')[0] in known:
            return name
        return _OTHER_NAMES.get(name, 'object')

    kind = re.sub(r'[\w.:]+', translated, text.strip())
    while kind != (plainer := re.sub(r'(?:\bobject|(?<!\w))\[[^][]*\]', 'object', kind)):
        kind = plainer
    return kind


if __name__ == '__main__':
    main()
