"""The ``laecips`` command: finds the subcommand, and turns errors into exit codes."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from importlib import import_module
import sys

from laecips_core.errors import LaecipsError

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130

COMMANDS = {
    'demo': 'Show the whole loop on one machine, on a simulated stream.',
    'models': 'List, fetch, check and export the models that can be plugged in.',
    'export': 'Build what an engine runs, ahead of time.',
    'pretrain': 'Make a weights file from an annotated data set.',
    'replay': 'Feed a data set or a bag to the nodes and score the masks.',
    'report': 'Make the table and figures of runs that lie in bags.',
    'view': 'Show what edge and cloud do, live in a browser.',
    'experiment': "Make the paper's tables and figures, on any data set.",
    'bag': 'Write a data set as a rosbag2 bag.',
    'bench': 'Time one part on this machine.',
    'certs': 'Make the certificates and keys of robots and servers.',
}
"""What each command does; ``NAME_command.py`` does it."""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run one subcommand.

    :param argv: words after ``laecips``; None: those of this process.
    :returns: exit status of the command; 2 on an error, which is one line on stderr; 130 when it
        was interrupted.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        arguments = parser_for(words).parse_args(words)
        module = import_module(_module_of(arguments.command))
        return int(module.run(arguments))
    except LaecipsError as error:
        print(f'laecips: {error}', file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def parser_for(words: Sequence[str]) -> ArgumentParser:
    """
    Make the parser of a call.

    :param words: words after ``laecips``; only the command that they name knows its arguments.
    """
    parser = ArgumentParser(prog='laecips', description='Edge-cloud semantic segmentation.')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    chosen = next((word for word in words if word in COMMANDS), None)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        # A command's imports are slow, and another command must not need them.
        if name == chosen:
            import_module(_module_of(name)).add_arguments(command)
    return parser


def _module_of(command: str) -> str:
    return f'laecips_bringup.{command}_command'


if __name__ == '__main__':
    sys.exit(main())
