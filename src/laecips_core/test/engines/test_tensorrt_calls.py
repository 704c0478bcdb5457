"""
Our calls of TensorRT and pycuda against the libraries' own names and signatures.

The stubs in ``data`` were written from the bindings of each release (``tools/tensorrt_names.py``);
mypy reads our files beside them, with the branches that :mod:`tensorrt_versions` takes for that
release. This is not a run on a device: what the libraries do with good calls is not seen here.
"""

from __future__ import annotations

import ast
from dataclasses import asdict
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

import pytest

import laecips_core
from laecips_core.engines.tensorrt_versions import needs_of
from laecips_core.engines.tensorrt_versions import RANGES

PACKAGE = Path(laecips_core.__file__).resolve().parent
FILES = sorted((PACKAGE / 'engines').glob('tensorrt_*.py'))
DATA = Path(__file__).parent / 'data'
(PYCUDA,) = DATA.glob('pycuda-*.pyi.txt')
TENSORRT = {
    path.name.removeprefix('tensorrt-').removesuffix('.pyi.txt'): path
    for path in sorted(DATA.glob('tensorrt-*.pyi.txt'))
}
NAMES = {
    name
    for path in (PYCUDA, *TENSORRT.values())
    for name in re.findall(
        r'^ *(?:class |def )?(\w+)(?:\(|:)', path.read_text(encoding='utf-8'), re.M
    )
}
"""Everything that any release offers."""
OURS = ('config', 'self', 'self._source')
"""Our own objects that have an attribute of a library's name."""
CONFIG = """\
[mypy]
python_version = 3.12
follow_imports = skip
ignore_missing_imports = True
explicit_package_bases = True
check_untyped_defs = True
disable_error_code = overload-overlap
always_true = {always_true}
always_false = {always_false}
[mypy-numpy.*]
follow_imports = skip
follow_imports_for_stubs = True
"""


@pytest.fixture(scope='module')
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one folder, so that mypy need not read its own builtins each time."""
    return tmp_path_factory.mktemp('calls')


def taken_branches(version: str) -> dict[str, bool]:
    facts = asdict(needs_of(version))
    return {name: value for name, value in facts.items() if isinstance(value, bool)}


def complaints(
    work: Path, version: str, branches: dict[str, bool], mutants: dict[str, str]
) -> list[str]:
    """Have mypy read our files, or others in place of them that import ours."""
    stubs, sources = work / f'stubs-{version}', work / 'mutants'
    shutil.rmtree(sources, ignore_errors=True)
    for folder in (stubs / 'tensorrt', stubs / 'pycuda', sources):
        folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(TENSORRT[version], stubs / 'tensorrt' / '__init__.pyi')
    shutil.copy(PYCUDA, stubs / 'pycuda' / 'driver.pyi')
    (stubs / 'pycuda' / '__init__.pyi').touch()
    for name, text in mutants.items():
        (sources / f'{name}.py').write_text(text, encoding='utf-8')
    lists = {
        f'always_{str(value).lower()}': ','.join(k for k, v in branches.items() if v is value)
        for value in (True, False)
    }
    (work / 'mypy.ini').write_text(CONFIG.format(**lists), encoding='utf-8')
    command = [sys.executable, '-m', 'mypy', '--config-file', str(work / 'mypy.ini')]
    # Other branches would make mypy read its own builtins again.
    cache = work / f'cache-{"-".join(str(value) for value in branches.values())}'
    command += ['--cache-dir', str(cache), *map(str, FILES)]
    command += [str(path) for path in sorted([*stubs.rglob('*.pyi'), *sources.glob('*.py')])]
    path = os.pathsep.join(map(str, (stubs, PACKAGE.parent, sources)))
    environment = {**os.environ, 'MYPYPATH': path}
    done = subprocess.run(
        command, env=environment, cwd=work, capture_output=True, text=True, timeout=100
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if ': error: ' in line]


def mistyped(source: str, names: set[str]) -> dict[int, str]:
    """Give the source once for each use of a library's name, with that one mistyped."""
    lines = source.splitlines(keepends=True)
    found = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Attribute) or ast.unparse(node.value) in OURS:
            continue
        if node.attr in names:
            line, end = (node.end_lineno or 0) - 1, node.end_col_offset or 0
            changed = lines[line][:end] + 'x' + lines[line][end:]
            found[len(found)] = ''.join([*lines[:line], changed, *lines[line + 1 :]])
    return found


def where(name: str, mutant: str) -> str:
    """Tell the changed line of a mutant by file."""
    path = PACKAGE / 'engines' / f'{name.rpartition("_")[0]}.py'
    pairs = zip(path.read_text(encoding='utf-8').splitlines(), mutant.splitlines(), strict=True)
    return f'{path.name}: ' + next(theirs for ours, theirs in pairs if ours != theirs).strip()


def test_the_first_release_of_every_range_is_there() -> None:
    releases = {tuple(int(part) for part in version.split('.')[:2]) for version in TENSORRT}
    assert {needs.first for needs in RANGES} <= releases


@pytest.mark.parametrize('version', TENSORRT)
def test_every_call_is_one_that_the_release_has(work: Path, version: str) -> None:
    assert complaints(work, version, taken_branches(version), {}) == []


@pytest.mark.parametrize(
    ('version', 'lacking'),
    [
        ('8.6.1', {'STRONGLY_TYPED', 'IProgressMonitor', 'progress_monitor'}),
        ('11.4.0.106', {'EXPLICIT_BATCH', 'FP16'}),
    ],
)
def test_a_branch_of_other_releases_is_noticed(
    work: Path, version: str, lacking: set[str]
) -> None:
    every = dict.fromkeys(taken_branches(version), True)
    found = complaints(work, version, every, {})
    assert {name for name in lacking if any(name in line for line in found)} == lacking
    assert [line for line in found if not any(name in line for name in lacking)] == []


def test_every_mistyped_name_is_noticed(work: Path) -> None:
    mutants = {}
    for path in FILES:
        source = path.read_text(encoding='utf-8')
        for number, mutant in mistyped(source, NAMES).items():
            mutants[f'{path.stem}_{number}'] = mutant
    assert len(mutants) > 60
    for version in ('8.6.1', '10.12.0.36'):  # none takes every branch
        found = complaints(work, version, taken_branches(version), mutants)
        noticed = {Path(line.partition(':')[0]).stem for line in found}
        mutants = {name: mutant for name, mutant in mutants.items() if name not in noticed}
    left = [where(name, mutant) for name, mutant in mutants.items()]
    assert left == []


WRONG_ARGUMENTS = [
    ('library', 'trt.OnnxParser(network, LOG)', 'trt.OnnxParser(LOG, network)'),
    ('library', 'builder.create_network(flags)', 'builder.create_network()()'),
    ('refit', 'trt.Refitter(engine, LOG)', 'trt.Refitter(LOG, engine)'),
    ('refit', 'set_weights(layer, _ROLES[role],', 'set_weights(_ROLES[role], layer,'),
    ('refit', 'layers, roles = refitter.get_all()', 'roles, layers = refitter.get_all()'),
    ('build', 'serialized_network(source.network, settings)', 'serialized_network(settings)'),
    ('device', 'htod_async(self._input, self._taken', 'htod_async(self._taken'),
    ('device', 'dtoh_async(self._given, self._output', 'dtoh_async(self._output, self._given'),
    ('engine', 'set_tensor_address(name, address)', 'set_tensor_address(address, name)'),
]


def test_wrong_arguments_are_noticed(work: Path) -> None:
    mutants = {}
    for number, (file, ours, wrong) in enumerate(WRONG_ARGUMENTS):
        source = (PACKAGE / 'engines' / f'tensorrt_{file}.py').read_text(encoding='utf-8')
        assert source.count(ours) == 1
        mutants[f'wrong_{number}'] = source.replace(ours, wrong)
    found = complaints(work, '10.3.0', taken_branches('10.3.0'), mutants)
    noticed = {Path(line.partition(':')[0]).stem for line in found}
    assert noticed == set(mutants)


def test_what_the_library_calls_of_ours_has_its_names() -> None:
    stub = ast.parse(TENSORRT['11.4.0.106'].read_text(encoding='utf-8'))
    theirs = {
        node.name: {
            part.name: [argument.arg for argument in part.args.args]
            for part in node.body
            if isinstance(part, ast.FunctionDef)
        }
        for node in stub.body
        if isinstance(node, ast.ClassDef)
    }
    seen = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.ClassDef) and node.bases:
                base = ast.unparse(node.bases[0]).removeprefix('trt.')
                called = [part for part in node.body if isinstance(part, ast.FunctionDef)]
                for part in called[1:]:
                    seen.append(part.name)
                    assert [a.arg for a in part.args.args] == theirs[base][part.name]
    assert sorted(seen) == ['log', 'phase_finish', 'phase_start', 'step_complete']


def test_no_other_file_calls_the_libraries() -> None:
    pattern = re.compile(r'^ *(import|from) (tensorrt|pycuda)\b', re.M)
    callers = [p for p in PACKAGE.rglob('*.py') if pattern.search(p.read_text(encoding='utf-8'))]
    assert sorted(p.stem for p in callers) == ['tensorrt_device', 'tensorrt_library']
