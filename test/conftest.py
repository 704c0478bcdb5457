"""What tests of the documentation share."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import tomllib

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / 'docs' / 'examples'


@pytest.fixture(scope='module')
def installed_example(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], dict[str, str]]:
    """
    Install an example as pip does, without pip: the module and its metadata in one folder.

    :returns: takes the example's folder, gives the environment of a process that sees it.
    """

    def install(example: str) -> dict[str, str]:
        folder = tmp_path_factory.mktemp('site')
        project = tomllib.loads((EXAMPLES / example / 'pyproject.toml').read_text())
        name, version = project['project']['name'], project['project']['version']
        for module in project['tool']['setuptools']['py-modules']:
            (folder / f'{module}.py').write_text((EXAMPLES / example / f'{module}.py').read_text())
        about = folder / f'{name.replace("-", "_")}-{version}.dist-info'
        about.mkdir()
        facts = f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n'
        (about / 'METADATA').write_text(facts)
        groups = project['project']['entry-points']
        lines = [
            line
            for group, points in groups.items()
            for line in (f'[{group}]', *(f'{point} = {value}' for point, value in points.items()))
        ]
        (about / 'entry_points.txt').write_text('\n'.join(lines))
        paths = [str(folder), os.environ.get('PYTHONPATH', '')]
        return {**os.environ, 'PYTHONPATH': os.pathsep.join(paths), 'OMP_NUM_THREADS': '1'}

    return install
