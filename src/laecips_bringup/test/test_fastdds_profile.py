"""The profile that gives Fast DDS room for whole images."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

PROFILE = Path(__file__).resolve().parents[3] / 'config' / 'fastdds.xml'
IMAGE_BYTES = 1920 * 1080 * 3
SPACE = '{http://www.eprosima.com}'


def test_an_image_of_full_hd_fits_in_one_message_and_several_in_shared_memory() -> None:
    root = ElementTree.parse(PROFILE).getroot()
    shared = next(
        one for one in root.iter(f'{SPACE}transport_descriptor') if _text(one, 'type') == 'SHM'
    )
    assert int(_text(shared, 'maxMessageSize')) > IMAGE_BYTES
    assert int(_text(shared, 'segment_size')) > 4 * IMAGE_BYTES


def test_it_is_the_default_and_uses_every_transport_that_it_describes() -> None:
    root = ElementTree.parse(PROFILE).getroot()
    participant = root.find(f'{SPACE}participant')
    assert participant is not None
    assert participant.get('is_default_profile') == 'true'
    described = [_text(one, 'transport_id') for one in root.iter(f'{SPACE}transport_descriptor')]
    used = participant.find(f'{SPACE}rtps/{SPACE}userTransports')
    assert used is not None
    assert [one.text for one in used] == described


def _text(element: ElementTree.Element, name: str) -> str:
    text = element.findtext(f'{SPACE}{name}')
    assert text is not None
    return text
