"""SAM of the package segment-anything behind the port of the automatic path."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import nn
from torch import Tensor

from laecips_core.config import MaskConfig
from laecips_core.errors import WeightsError
from laecips_core.masks.automatic.promptable import EncodedImage
from laecips_core.masks.automatic.promptable import good_enough
from laecips_core.masks.automatic.promptable import ImageFit
from laecips_core.masks.placement import compile_forward
from laecips_core.masks.placement import device_of
from laecips_core.masks.placement import exact
from laecips_core.masks.placement import numbers_of
from laecips_core.masks.sam_architecture import SamArchitecture
from laecips_core.masks.sam_attention import fuse_attention
from laecips_core.models.torchvision_import import import_torchvision
from laecips_core.values import Image

_PIXEL_MEAN = (123.675, 116.28, 103.53)
_PIXEL_DEVIATION = (58.395, 57.12, 57.375)


class SamModel:
    """
    A SAM that gives several masks for each point.

    :param name: name of the mask generator.
    :param sam: a ``Sam`` of segment-anything; it is changed as the settings say.
    :param config: device, precision, attention and whether to compile.
    :raises EngineError: when the device is not there.
    """

    def __init__(self, name: str, sam: Any, config: MaskConfig) -> None:
        """Put the model on its device."""
        self.name = name
        self.device = device_of(config)
        self.mask_threshold = float(sam.mask_threshold)
        self._sam = sam.to(self.device).eval()
        self._numbers = numbers_of(config, self.device)
        positions = sam.prompt_encoder.pe_layer
        positions._pe_encoding = exact(self.device, positions._pe_encoding)
        if config.attention == 'sdpa':
            fuse_attention(sam.image_encoder)
        if config.compile:
            compile_forward(sam.image_encoder)

    def encode(self, image: Image) -> EncodedImage:
        """
        Run the image encoder.

        :param image: (H, W, 3) uint8 RGB.
        """
        from segment_anything.utils.transforms import ResizeLongestSide

        side_px = self._sam.image_encoder.img_size
        small = torch.from_numpy(ResizeLongestSide(side_px).apply_image(image))
        batch = self._sam.preprocess(small.to(self.device).permute(2, 0, 1)[None])
        with self._numbers:
            features = self._sam.image_encoder(batch).float()
        mask_px = 4 * features.shape[2], 4 * features.shape[3]
        fit = ImageFit((small.shape[0], small.shape[1]), mask_px, (side_px, side_px))
        return EncodedImage(features, fit)

    def decode(
        self, encoded: EncodedImage, points: Tensor, min_predicted_iou: float
    ) -> tuple[Tensor, Tensor]:
        """
        Give the good masks for points.

        As ``MaskDecoder.predict_masks``, but the image is not copied for each point, so that what
        the decoder computes of the image alone is computed once; and only points with a good mask
        get masks at all.

        :param encoded: the image.
        :param points: (P, 2) float64 as x, y in pixels of the input.
        :param min_predicted_iou: see :func:`good_enough`.
        :returns: (K, h, w) float32 logits and (K,) float32 predicted IoU.
        """
        decoder = self._sam.mask_decoder
        with self._numbers:
            tokens, image = self.attended(encoded.features, points)
            predicted_iou = decoder.iou_prediction_head(tokens[:, 0])[:, 1:].float()
            keep = good_enough(predicted_iou, min_predicted_iou)
            some = keep.any(dim=1)
            logits = self._mask_logits(tokens[some, 2:], image[some], encoded.fit)
        return logits[keep[some]].float(), predicted_iou[keep]

    def attended(self, features: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """
        Let points and image attend to each other.

        :param features: the encoded image.
        :param points: (P, 2) float64 as x, y in pixels of the input.
        :returns: (P, 2 + masks, channels) output tokens, first those of predicted IoU and of
            clear prompts; and the (P, pixels, channels) image embedding.
        """
        prompts, decoder = self._sam.prompt_encoder, self._sam.mask_decoder
        labels = torch.ones(len(points), 1, dtype=torch.int, device=self.device)
        sparse, dense = prompts(points=(points[:, None], labels), boxes=None, masks=None)
        own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
        asked = torch.cat([own.expand(len(points), -1, -1), sparse], dim=1)
        tokens, image = decoder.transformer(features + dense[:1], prompts.get_dense_pe(), asked)
        return tokens[:, : len(own)], image

    def _mask_logits(self, tokens: Tensor, image: Tensor, fit: ImageFit) -> Tensor:
        """Give (P, masks, h, w) logits."""
        decoder = self._sam.mask_decoder
        height, width = fit.mask_px
        coarse = image.transpose(1, 2).reshape(*image.shape[::2], height // 4, width // 4)
        embedding = decoder.output_upscaling(coarse)
        # The first is for prompts that leave no doubt, which a single point does not.
        networks = decoder.output_hypernetworks_mlps[1:]
        kernels = torch.stack([network(tokens[:, n]) for n, network in enumerate(networks)], dim=1)
        logits: Tensor = (kernels @ embedding.flatten(2)).view(*kernels.shape[:2], height, width)
        return logits


def build_sam(
    architecture: SamArchitecture, tensors: Mapping[str, Tensor], what: str
) -> nn.Module:
    """
    Build a ``Sam`` of segment-anything around the tensors of a checkpoint.

    :param architecture: its sizes.
    :param tensors: every tensor by name; they are not copied.
    :param what: name of the checkpoint, for errors.
    :raises WeightsError: when names, shapes or types are not those of the architecture.
    """
    with torch.device('meta'):
        sam = empty_sam(architecture)
    _check_tensors(sam.state_dict(), tensors, what)
    sam.load_state_dict(dict(tensors), assign=True)
    # Not in checkpoints.
    sam.pixel_mean = torch.tensor(_PIXEL_MEAN).view(-1, 1, 1)
    sam.pixel_std = torch.tensor(_PIXEL_DEVIATION).view(-1, 1, 1)
    return sam.float().requires_grad_(False)


def _check_tensors(own: Mapping[str, Tensor], given: Mapping[str, Tensor], what: str) -> None:
    different = sorted(own.keys() ^ given.keys())
    if different:
        raise WeightsError(what, f'{len(own)} tensors of SAM', f'other names: {different[:3]}')
    for name, tensor in given.items():
        if own[name].shape != tensor.shape or not tensor.is_floating_point():
            got = f'{tuple(tensor.shape)} {tensor.dtype}'
            raise WeightsError(f'{what}: {name}', f'{tuple(own[name].shape)} floats', got)


def empty_sam(sizes: SamArchitecture) -> nn.Module:
    """
    Build a ``Sam`` with the weights that torch starts with.

    :param sizes: its sizes.
    """
    import_torchvision()
    from segment_anything.modeling import ImageEncoderViT
    from segment_anything.modeling import MaskDecoder
    from segment_anything.modeling import PromptEncoder
    from segment_anything.modeling import Sam
    from segment_anything.modeling import TwoWayTransformer

    side = sizes.image_px // sizes.patch_px
    encoder = ImageEncoderViT(
        img_size=sizes.image_px,
        patch_size=sizes.patch_px,
        embed_dim=sizes.width,
        depth=sizes.blocks,
        num_heads=sizes.heads,
        mlp_ratio=sizes.mlp_width / sizes.width,
        out_chans=sizes.prompt_width,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=sizes.window,
        global_attn_indexes=sizes.global_blocks,
    )
    prompts = PromptEncoder(
        embed_dim=sizes.prompt_width,
        image_embedding_size=(side, side),
        input_image_size=(sizes.image_px, sizes.image_px),
        mask_in_chans=sizes.mask_width,
    )
    decoder = MaskDecoder(
        num_multimask_outputs=sizes.masks,
        transformer=TwoWayTransformer(
            depth=sizes.decoder_blocks,
            embedding_dim=sizes.prompt_width,
            mlp_dim=sizes.decoder_mlp_width,
            num_heads=sizes.decoder_heads,
        ),
        transformer_dim=sizes.prompt_width,
        iou_head_depth=sizes.quality_blocks,
        iou_head_hidden_dim=sizes.quality_width,
    )
    sam: nn.Module = Sam(encoder, prompts, decoder, list(_PIXEL_MEAN), list(_PIXEL_DEVIATION))
    return sam
