from setuptools import find_packages
from setuptools import setup

NAME = 'laecips_bridge'

setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(include=[NAME, f'{NAME}.*']),
    package_data={NAME: ['py.typed']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=False,
    author='The LAECIPS developers',
    maintainer='The LAECIPS developers',
    maintainer_email='laecips@example.org',
    description='The LAECIPS bridge between the DDS domains of robot and server.',
    license='Apache-2.0',
    entry_points={'console_scripts': ['bridge_node = laecips_bridge.bridge_node:main']},
)
