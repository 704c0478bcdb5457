from __future__ import annotations

from laecips_bringup.method_style import legend_columns
from laecips_bringup.method_style import method_styles

NAMES = ['LAECIPS', 'DCSB', 'EDGE', 'CLOUD', 'MESS', 'SM', 'SPP']


def test_known_methods_have_colours_of_their_own() -> None:
    assert len({style.colour for style in method_styles(NAMES).values()}) == len(NAMES)


def test_nothing_needs_colour() -> None:
    names = [*NAMES, 'some', 'other', 'names']
    styles = method_styles(names).values()
    assert len({style.marker for style in method_styles(NAMES).values()}) == len(NAMES)
    assert len({(style.line, style.marker, style.colour) for style in styles}) == len(names)


def test_known_names_look_the_same_in_every_figure() -> None:
    assert method_styles(NAMES)['DCSB'] == method_styles(['x', 'DCSB'])['DCSB']
    assert method_styles(['spp'])['spp'] == method_styles(['SPP'])['SPP']


def test_others_differ_from_each_other_and_from_known_ones() -> None:
    styles = method_styles(['LAECIPS', 'a', 'SPP', 'b', 'EDGE'])
    assert len({style.colour for style in styles.values()}) == 5


def test_legend_columns_fit_and_fill_rows_evenly() -> None:
    assert legend_columns(['ab'] * 3) == 3
    assert legend_columns(['x' * 20] * 5) == 3
    assert legend_columns(['x' * 300]) == 1
