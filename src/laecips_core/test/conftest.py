from __future__ import annotations

from pathlib import Path

import pytest

from laecips_core.config import EdgeModelConfig


@pytest.fixture(scope='session')
def tiny_sam3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a SAM 3 with random weights, whose words are spelt letter by letter."""
    import torch

    from laecips_core.models.library_import import import_library

    transformers = import_library('transformers')
    letters = [chr(code) for code in range(ord('a'), ord('z') + 1)]
    pieces = [*letters, *(f'{letter}</w>' for letter in letters)]
    pieces += ['<|startoftext|>', '<|endoftext|>']
    tokenizer = transformers.CLIPTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)}, merges=[]
    )
    small = {'hidden_size': 32, 'num_attention_heads': 2}
    block = small | {'intermediate_size': 32}
    config = transformers.Sam3Config(
        vision_config={
            'backbone_config': block
            | {
                'model_type': 'sam3_vit_model',
                'num_hidden_layers': 2,
                'image_size': 112,
                'window_size': 4,
                'global_attn_indexes': [1],
                'pretrain_image_size': 56,
            },
            'fpn_hidden_size': 32,
            'backbone_feature_sizes': [[32, 32], [16, 16], [8, 8]],
        },
        text_config=block
        | {
            'model_type': 'clip_text_model',
            'vocab_size': len(tokenizer),
            'projection_dim': 16,
            'num_hidden_layers': 1,
            'max_position_embeddings': 32,
            'bos_token_id': tokenizer.bos_token_id,
            'eos_token_id': tokenizer.eos_token_id,
            'pad_token_id': tokenizer.eos_token_id,
        },
        geometry_encoder_config=block | {'num_layers': 1},
        detr_encoder_config=block | {'num_layers': 1},
        detr_decoder_config=block | {'num_layers': 1, 'num_queries': 7},
        mask_decoder_config=small,
    )
    images = transformers.Sam3ImageProcessor(
        size={'height': 112, 'width': 112}, mask_size={'height': 32, 'width': 32}
    )
    folder = tmp_path_factory.mktemp('sam3')
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.Sam3Model(config)
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    transformers.Sam3Processor(images, tokenizer).save_pretrained(folder)
    return folder


FOUR_NAMES = ('road', 'grass', 'tree', 'sky')


@pytest.fixture(scope='session')
def segformer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a SegFormer of four classes, with its scaling of images, and give its folder."""
    import torch

    from laecips_core.models.library_import import import_library

    transformers = import_library('transformers')
    folder = tmp_path_factory.mktemp('segformer')
    config = transformers.SegformerConfig(
        num_encoder_blocks=2,
        depths=[1, 1],
        sr_ratios=[2, 1],
        hidden_sizes=[8, 16],
        patch_sizes=[7, 3],
        strides=[4, 2],
        num_attention_heads=[1, 2],
        mlp_ratios=[2, 2],
        decoder_hidden_size=16,
        id2label=dict(enumerate(FOUR_NAMES)),
        label2id={name: number for number, name in enumerate(FOUR_NAMES)},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.SegformerForSemanticSegmentation(config).save_pretrained(folder)
    processor = transformers.SegformerImageProcessor(
        image_mean=[0.1, 0.2, 0.3], image_std=[0.5, 0.25, 0.2]
    )
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope='session')
def mask2former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a Mask2Former of four classes and give its folder."""
    import torch

    from laecips_core.models.library_import import import_library

    transformers = import_library('transformers')
    folder = tmp_path_factory.mktemp('mask2former')
    backbone = transformers.SwinConfig(
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        image_size=64,
        out_features=['stage1', 'stage2', 'stage3', 'stage4'],
    )
    config = transformers.Mask2FormerConfig(
        backbone_config=backbone,
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=16,
        dim_feedforward=16,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        num_queries=5,
        id2label=dict(enumerate(FOUR_NAMES)),
        label2id={name: number for number, name in enumerate(FOUR_NAMES)},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformers.Mask2FormerForUniversalSegmentation(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope='session')
def onnxruntime_config(tmp_path_factory: pytest.TempPathFactory) -> EdgeModelConfig:
    """Export the default edge model for 12 classes once, and give its configuration."""
    from laecips_core.engines.build_ahead import build_engine

    config = EdgeModelConfig(
        input_height_px=64,
        input_width_px=96,
        engine='onnxruntime',
        engine_folder=str(tmp_path_factory.mktemp('engines')),
    )
    build_engine(config, 12, lambda _: None)
    return config
