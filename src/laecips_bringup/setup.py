from pathlib import Path

from setuptools import find_packages
from setuptools import setup

NAME = 'laecips_bringup'
HERE = Path(__file__).resolve().parent


def shared(folder: str) -> list[tuple[str, list[str]]]:
    """
    List the files of a folder for installation below this package's share folder.

    :param folder: ``launch`` or ``config``; links to the folders at the root of the repository.
    :returns: pairs of a target folder and the files that go there, relative to this file.
    """
    folders = [HERE / folder, *sorted(p for p in (HERE / folder).rglob('*') if p.is_dir())]
    return [
        (
            f'share/{NAME}/{place.relative_to(HERE)}',
            [str(p.relative_to(HERE)) for p in sorted(place.iterdir()) if p.is_file()],
        )
        for place in folders
        if place.name != '__pycache__'
    ]


setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['py.typed', 'templates/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        # 'ros2 run' looks for executables in this folder.
        (f'lib/{NAME}', ['scripts/laecips']),
        *shared('launch'),
        *shared('config'),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=False,
    author='The LAECIPS developers',
    maintainer='The LAECIPS developers',
    maintainer_email='laecips@example.org',
    description='Launch files, configuration and the laecips command.',
    license='Apache-2.0',
    entry_points={'console_scripts': ['laecips = laecips_bringup.cli:main']},
)
