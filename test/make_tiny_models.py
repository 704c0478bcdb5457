"""
Writes models small enough to run anywhere: ``python test/make_tiny_models.py FOLDER``.

- ``FOLDER/segformer``: a SegFormer as Hugging Face keeps one, for ``hf:FOLDER/segformer``;
- ``FOLDER/sam_tiny.pth``: a checkpoint of segment-anything, for ``sam:FOLDER/sam_tiny.pth``.

The libraries' own classes make them, with random weights from a seed: they know nothing, but take
the way that published weights take.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
import sys
from typing import Any

import torch
from torch import nn

from laecips_core.datasets.patrol.classes import CATALOGUE
from laecips_core.models.torchvision_import import import_torchvision

SEGFORMER = 'segformer'
SAM = 'sam_tiny.pth'

_SEED = 0
_IMAGE_PX, _PATCH_PX = 128, 16
_WIDTH, _PROMPT_WIDTH = 32, 32
_LOGIT_SCALE = 1000.0
"""Random logits lie near 0, where every mask is unstable and would be left out."""


def write_segformer(folder: Path) -> Path:
    """
    Write a SegFormer for the classes of the patrol, with about 0.1 million parameters.

    :param folder: gets a folder of configuration and weights.
    :returns: that folder.
    """
    import_torchvision()
    from transformers import SegformerConfig
    from transformers import SegformerForSemanticSegmentation
    from transformers import SegformerImageProcessor

    torch.manual_seed(_SEED)
    config = SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[16, 32, 48, 64],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=32,
        mlp_ratios=[2, 2, 2, 2],
        num_labels=len(CATALOGUE),
        id2label=dict(enumerate(CATALOGUE.names)),
        label2id={name: number for number, name in enumerate(CATALOGUE.names)},
    )
    SegformerForSemanticSegmentation(config).save_pretrained(folder / SEGFORMER)
    SegformerImageProcessor().save_pretrained(folder / SEGFORMER)
    return folder / SEGFORMER


def write_sam(folder: Path) -> Path:
    """
    Write a SAM whose masks pass the usual filters.

    :param folder: gets the checkpoint.
    :returns: the checkpoint.
    """
    import_torchvision()
    torch.manual_seed(_SEED)
    sam = _sam()
    decoder = sam.mask_decoder
    with torch.no_grad():
        for network in decoder.output_hypernetworks_mlps:
            network.layers[-1].weight *= _LOGIT_SCALE
        decoder.iou_prediction_head.layers[-1].bias.fill_(0.88)
    torch.save(sam.state_dict(), folder / SAM)
    return folder / SAM


def _sam() -> Any:
    from segment_anything.modeling import ImageEncoderViT
    from segment_anything.modeling import MaskDecoder
    from segment_anything.modeling import PromptEncoder
    from segment_anything.modeling import Sam
    from segment_anything.modeling import TwoWayTransformer

    side = _IMAGE_PX // _PATCH_PX
    encoder = ImageEncoderViT(
        img_size=_IMAGE_PX,
        patch_size=_PATCH_PX,
        embed_dim=_WIDTH,
        depth=2,
        num_heads=2,
        mlp_ratio=2.0,
        out_chans=_PROMPT_WIDTH,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=4,
        global_attn_indexes=(1,),
    )
    prompts = PromptEncoder(
        embed_dim=_PROMPT_WIDTH,
        image_embedding_size=(side, side),
        input_image_size=(_IMAGE_PX, _IMAGE_PX),
        mask_in_chans=16,
    )
    transformer = TwoWayTransformer(depth=2, embedding_dim=_PROMPT_WIDTH, num_heads=8, mlp_dim=64)
    decoder = MaskDecoder(
        transformer_dim=_PROMPT_WIDTH, transformer=transformer, iou_head_hidden_dim=32
    )
    return Sam(encoder, prompts, decoder)


def main() -> None:
    """Write both models into the folder that the command line names."""
    if len(sys.argv) != 2:
        sys.exit('usage: python test/make_tiny_models.py FOLDER')
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path in (write_segformer(folder), write_sam(folder)):
        print(path)


if __name__ == '__main__':
    main()
