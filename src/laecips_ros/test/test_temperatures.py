from __future__ import annotations

from pathlib import Path

from laecips_ros.temperatures import Temperatures


def zone(folder: Path, number: int, kind: str, temperature: str | None) -> None:
    place = folder / f'thermal_zone{number}'
    place.mkdir()
    (place / 'type').write_text(f'{kind}\n')
    if temperature is not None:
        (place / 'temp').write_text(f'{temperature}\n')


def test_each_zone_is_told_in_degrees_by_its_type(tmp_path: Path) -> None:
    zone(tmp_path, 0, 'CPU-therm', '47500')
    zone(tmp_path, 1, 'GPU-therm', '-250')
    (tmp_path / 'cooling_device0').mkdir()
    expected = {'temperature_CPU-therm_c': 47.5, 'temperature_GPU-therm_c': -0.25}
    assert Temperatures(tmp_path).facts() == expected


def test_zones_of_one_type_are_told_apart_by_their_numbers(tmp_path: Path) -> None:
    zone(tmp_path, 0, 'acpitz', '20000')
    zone(tmp_path, 3, 'acpitz', '30000')
    expected = {'temperature_acpitz_0_c': 20.0, 'temperature_acpitz_3_c': 30.0}
    assert Temperatures(tmp_path).facts() == expected


def test_a_temperature_is_read_anew_each_time(tmp_path: Path) -> None:
    zone(tmp_path, 0, 'soc', '20000')
    temperatures = Temperatures(tmp_path)
    (tmp_path / 'thermal_zone0' / 'temp').write_text('21000\n')
    assert temperatures.facts() == {'temperature_soc_c': 21.0}


def test_zones_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    zone(tmp_path, 0, 'off', None)
    zone(tmp_path, 1, 'odd', 'hot')
    (tmp_path / 'thermal_zone2').mkdir()
    assert Temperatures(tmp_path).facts() == {}


def test_a_machine_that_tells_none_has_none(tmp_path: Path) -> None:
    assert Temperatures(tmp_path / 'none').facts() == {}
