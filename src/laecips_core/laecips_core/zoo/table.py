"""The models that can be chosen by name: licence, size, and where the weights come from."""

from __future__ import annotations

from laecips_core.errors import UnknownNameError
from laecips_core.zoo.entry import Entry
from laecips_core.zoo.entry import OfficialFile

_SAM = 'https://dl.fbaipublicfiles.com/segment_anything'
_TORCH = 'https://download.pytorch.org/models'
_APACHE = 'Apache-2.0'
_SEGFORMER = 'NVIDIA (SegFormer): non-commercial'
_CITYSCAPES, _ADE20K = '19 of Cityscapes', '150 of ADE20K'
_YOURS = 'yours, by training'


def _sam(name: str, million: float, file: str, size_bytes: int, sha256: str) -> Entry:
    official = OfficialFile(f'{_SAM}/{file}', size_bytes, sha256)
    return Entry(f'sam:{name}', 'mask generator', _APACHE, million, '1024', file=official)


def _torchvision(name: str, million: float, file: str, size_bytes: int) -> Entry:
    digits = file.removesuffix('.pth').rpartition('-')[2]
    official = OfficialFile(f'{_TORCH}/{file}', size_bytes, digits)
    return Entry(
        f'torchvision:{name}',
        'edge model',
        'BSD-3-Clause',
        million,
        'short side 520',
        '21 of Pascal VOC',
        official,
    )


def _segformer(size: str, million: float, data: str, input_px: str, teacher: bool) -> Entry:
    repository = f'nvidia/segformer-{size}-finetuned-{data}-{input_px}'
    return Entry(
        f'teacher:hf:{repository}' if teacher else f'hf:{repository}',
        'label source' if teacher else 'edge model',
        _SEGFORMER,
        million,
        input_px.replace('-', ' x '),
        _CITYSCAPES if data == 'cityscapes' else _ADE20K,
    )


def _hf_sam(repository: str, million: float) -> Entry:
    return Entry(f'hf-sam:{repository}', 'mask generator', _APACHE, million, '1024')


TABLE = (
    Entry('fast_scnn', 'edge model', _APACHE, 1.1, '240 x 320', _YOURS, note='builtin:patrol'),
    Entry('fast_scnn_wide', 'edge model', _APACHE, 2.5, '240 x 320', _YOURS),
    Entry('rfnet', 'edge model', _APACHE, 11.8, 'any', _YOURS, note="the paper's"),
    _torchvision(
        'lraspp_mobilenet_v3_large', 3.2, 'lraspp_mobilenet_v3_large-d234d4ea.pth', 13_096_714
    ),
    _torchvision(
        'deeplabv3_mobilenet_v3_large',
        11.0,
        'deeplabv3_mobilenet_v3_large-fc3c493d.pth',
        44_355_813,
    ),
    _torchvision('deeplabv3_resnet50', 42.0, 'deeplabv3_resnet50_coco-cd0a2569.pth', 168_312_177),
    _torchvision(
        'deeplabv3_resnet101', 61.0, 'deeplabv3_resnet101_coco-586e9e4e.pth', 244_545_749
    ),
    _torchvision('fcn_resnet50', 35.3, 'fcn_resnet50_coco-1167a1af.pth', 141_567_197),
    _torchvision('fcn_resnet101', 54.3, 'fcn_resnet101_coco-7ecb50ca.pth', 217_800_770),
    _segformer('b0', 3.7, 'cityscapes', '512-1024', False),
    _segformer('b0', 3.8, 'ade', '512-512', False),
    Entry('smp:unet/mobilenet_v2', 'edge model', 'MIT', 6.6, 'any', _YOURS),
    Entry('smp:fpn/resnet18', 'edge model', 'MIT', 13.0, 'any', _YOURS),
    Entry('regions', 'mask generator', _APACHE, 0, 'any', note='classical, on the CPU'),
    Entry('ground_truth', 'mask generator', _APACHE, 0, 'any', note='from annotations; a bound'),
    _sam(
        'vit_b',
        93.7,
        'sam_vit_b_01ec64.pth',
        375_042_383,
        'ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912',
    ),
    _sam(
        'vit_l',
        312.3,
        'sam_vit_l_0b3195.pth',
        1_249_524_607,
        '3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622',
    ),
    _sam(
        'vit_h',
        641.1,
        'sam_vit_h_4b8939.pth',
        2_564_550_879,
        'a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e',
    ),
    _hf_sam('facebook/sam-vit-base', 93.7),
    _hf_sam('syscv-community/sam-hq-vit-base', 94.8),
    _hf_sam('facebook/sam2.1-hiera-tiny', 38.9),
    _hf_sam('facebook/sam2.1-hiera-small', 46.0),
    _hf_sam('facebook/sam2.1-hiera-base-plus', 80.8),
    _hf_sam('facebook/sam2.1-hiera-large', 224.4),
    Entry(
        'sam3:facebook/sam3',
        'label source',
        'SAM License',
        840.4,
        '1008',
        'yours, by their names',
        note='gated: accept its terms on its page, then hf auth login; masks.name, too',
    ),
    _segformer('b5', 84.6, 'cityscapes', '1024-1024', True),
    _segformer('b5', 84.7, 'ade', '640-640', True),
    Entry(
        'teacher:hf:facebook/mask2former-swin-tiny-cityscapes-semantic',
        'label source',
        'unknown (the code is MIT)',
        47.4,
        '512 x 1024',
        _CITYSCAPES,
    ),
)


def find(name: str) -> Entry:
    """
    Give a line of the table.

    :param name: of the model.
    :raises UnknownNameError: when there is none; it lists those that are.
    """
    for entry in TABLE:
        if entry.name == name:
            return entry
    raise UnknownNameError('model', name, [entry.name for entry in TABLE])
