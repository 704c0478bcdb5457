"""
Point the ROS 2 wheels' CMake files at this interpreter.

The message wheels export two include folders of the machine that built them, and CMake refuses
folders that do not exist. Run with the environment's own python; a second run changes nothing.
"""

from __future__ import annotations

from pathlib import Path
import re
import sys
import sysconfig

import numpy as np

BUILDER = '/opt/python/'
PYTHON_INCLUDE = re.compile(r'/opt/python/[^/";]+/include/python3\.\d+(?=[";])')
NUMPY_INCLUDE = re.compile(
    r'/opt/python/[^/";]+/lib/python3\.\d+/site-packages/numpy/(?:_core|core)/include(?=[";])'
)


def fixed(text: str, python_include: str, numpy_include: str) -> str:
    """
    Replace both folders of the building machine.

    :param text: a CMake file.
    :param python_include: folder of this interpreter's ``Python.h``.
    :param numpy_include: folder above ``numpy/arrayobject.h``.
    :returns: the file with both replaced; unchanged where neither occurs.
    """
    text = PYTHON_INCLUDE.sub(lambda _: python_include, text)
    return NUMPY_INCLUDE.sub(lambda _: numpy_include, text)


def fix_prefix(prefix: Path, python_include: str, numpy_include: str) -> int:
    """
    Rewrite every CMake file below ``share`` that needs it.

    :param prefix: root of the environment.
    :param python_include: folder of this interpreter's ``Python.h``.
    :param numpy_include: folder above ``numpy/arrayobject.h``.
    :returns: number of files that name this interpreter's folders afterwards.
    :raises SystemExit: when a file still names the building machine, or no file names either.
    """
    right = 0
    for path in sorted(prefix.glob('share/*/cmake/*.cmake')):
        before = path.read_text(encoding='utf-8')
        after = fixed(before, python_include, numpy_include)
        if BUILDER in after:
            raise SystemExit(f'{path}: expected only known folders below {BUILDER}, got others')
        if after != before:
            path.write_text(after, encoding='utf-8')
        right += python_include in after and numpy_include in after
    if right == 0:
        raise SystemExit(
            f'{prefix}/share: expected CMake files that name folders below {BUILDER} or this '
            f"interpreter's, found none: the ROS 2 wheels have changed, and {Path(__file__).name} "
            'must follow'
        )
    return right


def main() -> None:
    """Fix the environment of the running interpreter, or leave with the reason why not."""
    python_include = sysconfig.get_path('include')
    if not Path(python_include, 'Python.h').is_file():
        raise SystemExit(
            f'expected Python.h in {python_include}, found none: install the headers of this '
            'Python (on Debian and Ubuntu the python3-dev package)'
        )
    files = fix_prefix(Path(sys.prefix), python_include, np.get_include())
    print(f'{files} CMake files name {python_include} and {np.get_include()}')


if __name__ == '__main__':
    main()
