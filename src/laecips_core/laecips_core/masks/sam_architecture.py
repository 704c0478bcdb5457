"""Which SAM a checkpoint of segment-anything holds, read from the shapes of its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import re

from torch import Tensor

from laecips_core.errors import WeightsError

_DECODER_HEADS = 8
"""As published; no shape tells it."""


@dataclass(frozen=True)
class SamArchitecture:
    """
    Sizes of a SAM.

    :param image_px: side of the square input, pixels.
    :param patch_px: side of a patch, pixels.
    :param width: channels of the image encoder.
    :param blocks: number of its blocks.
    :param heads: heads of its attention.
    :param mlp_width: channels within its perceptrons.
    :param window: side of the windows of attention in patches; 0: no block has windows.
    :param global_blocks: blocks that attend to the whole image.
    :param prompt_width: channels of image embedding, prompts and mask decoder.
    :param mask_width: channels of the encoder of mask prompts.
    :param decoder_blocks: number of blocks of the mask decoder.
    :param decoder_heads: heads of its attention.
    :param decoder_mlp_width: channels within its perceptrons.
    :param quality_blocks: layers of the head that predicts the IoU.
    :param quality_width: channels within that head.
    :param masks: masks for a point, apart from the one for clear prompts.
    """

    image_px: int
    patch_px: int
    width: int
    blocks: int
    heads: int
    mlp_width: int
    window: int
    global_blocks: tuple[int, ...]
    prompt_width: int
    mask_width: int
    decoder_blocks: int
    decoder_heads: int
    decoder_mlp_width: int
    quality_blocks: int
    quality_width: int
    masks: int

    def __str__(self) -> str:
        """Say the sizes that differ between the published ones."""
        return f'{self.blocks} blocks of width {self.width} for {self.image_px} px'


def _published(
    width: int, blocks: int, heads: int, global_blocks: tuple[int, ...]
) -> SamArchitecture:
    encoder = (1024, 16, width, blocks, heads, 4 * width, 14, global_blocks)
    return SamArchitecture(*encoder, 256, 16, 2, _DECODER_HEADS, 2048, 3, 256, 3)


PUBLISHED = {
    'vit_b': _published(768, 12, 12, (2, 5, 8, 11)),
    'vit_l': _published(1024, 24, 16, (5, 11, 17, 23)),
    'vit_h': _published(1280, 32, 16, (7, 15, 23, 31)),
}


def architecture_of(tensors: Mapping[str, Tensor], what: str) -> SamArchitecture:
    """
    Read the sizes of a SAM from its tensors.

    :param tensors: a checkpoint in the names of segment-anything.
    :param what: name of the checkpoint, for errors.
    :raises WeightsError: when a tensor that tells a size is missing or has no such shape, or the
        sizes contradict each other.
    """
    shapes = _Shapes(tensors, what)
    encoder, decoder = 'image_encoder', 'mask_decoder'
    width, _, _, patch_px = shapes.of(f'{encoder}.patch_embed.proj.weight', 4)
    side = shapes.of(f'{encoder}.pos_embed', 4)[1]
    blocks = shapes.count(f'{encoder}.blocks')
    reach = [shapes.of(f'{encoder}.blocks.{n}.attn.rel_pos_h', 2) for n in range(blocks)]
    windows = {(rows + 1) // 2 for rows, _ in reach if (rows + 1) // 2 != side}
    head_widths = {head_width for _, head_width in reach}
    if len(windows) > 1 or len(head_widths) != 1 or width % max(head_widths):
        raise WeightsError(what, 'one size of windows and of heads', f'{windows}, {head_widths}')
    quality = f'{decoder}.iou_prediction_head.layers'
    return SamArchitecture(
        image_px=side * patch_px,
        patch_px=patch_px,
        width=width,
        blocks=blocks,
        heads=width // head_widths.pop(),
        mlp_width=shapes.of(f'{encoder}.blocks.0.mlp.lin1.weight', 2)[0],
        window=max(windows, default=0),
        global_blocks=tuple(n for n in range(blocks) if (reach[n][0] + 1) // 2 == side),
        prompt_width=shapes.of(f'{decoder}.iou_token.weight', 2)[1],
        mask_width=shapes.of('prompt_encoder.mask_downscaling.3.weight', 4)[0],
        decoder_blocks=shapes.count(f'{decoder}.transformer.layers'),
        decoder_heads=_DECODER_HEADS,
        decoder_mlp_width=shapes.of(f'{decoder}.transformer.layers.0.mlp.lin1.weight', 2)[0],
        quality_blocks=shapes.count(quality),
        quality_width=shapes.of(f'{quality}.0.weight', 2)[0],
        masks=shapes.of(f'{decoder}.mask_tokens.weight', 2)[0] - 1,
    )


class _Shapes:
    def __init__(self, tensors: Mapping[str, Tensor], what: str) -> None:
        self._tensors = tensors
        self._what = what

    def of(self, name: str, dimensions: int) -> tuple[int, ...]:
        if name not in self._tensors:
            first = ', '.join(sorted(self._tensors)[:2]) or 'none'
            expected = f'a checkpoint of segment-anything with {name}'
            raise WeightsError(self._what, expected, f'tensors such as {first}')
        shape = tuple(self._tensors[name].shape)
        if len(shape) != dimensions or not all(shape):
            raise WeightsError(f'{self._what}: {name}', f'{dimensions} dimensions', shape)
        return shape

    def count(self, prefix: str) -> int:
        pattern = re.compile(re.escape(prefix) + r'\.(\d+)\.')
        numbers = {int(m[1]) for name in self._tensors if (m := pattern.match(name))}
        if not numbers or numbers != set(range(len(numbers))):
            raise WeightsError(self._what, f'{prefix} numbered from 0', sorted(numbers)[:4])
        return len(numbers)
