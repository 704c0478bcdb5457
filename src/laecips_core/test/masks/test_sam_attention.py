from __future__ import annotations

import pytest
import torch

from laecips_core.masks.sam_attention import fuse_attention
from laecips_core.models.torchvision_import import import_torchvision


def encoder(use_rel_pos: bool, window: int) -> torch.nn.Module:
    import_torchvision()
    from segment_anything.modeling import ImageEncoderViT

    torch.manual_seed(0)
    made: torch.nn.Module = ImageEncoderViT(
        img_size=96,
        embed_dim=32,
        depth=2,
        num_heads=2,
        out_chans=16,
        use_rel_pos=use_rel_pos,
        window_size=window,
        global_attn_indexes=(1,),
    )
    for name, parameter in made.named_parameters():
        if 'rel_pos' in name or name == 'pos_embed':
            torch.nn.init.normal_(parameter)
    return made.eval()


@pytest.mark.parametrize('use_rel_pos', [True, False])
@pytest.mark.parametrize('window', [0, 4])
def test_fused_attention_computes_the_same(use_rel_pos: bool, window: int) -> None:
    plain = encoder(use_rel_pos, window)
    image = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = plain(image)
        fuse_attention(plain)
        assert torch.allclose(plain(image), expected, rtol=0, atol=1e-5)
        assert not torch.equal(expected[0], expected[1])


def test_fused_attention_is_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    fused = torch.nn.functional.scaled_dot_product_attention

    def counted(*args: torch.Tensor, **options: object) -> torch.Tensor:
        calls.append(1)
        return fused(*args, **options)  # type: ignore[arg-type]

    made = encoder(use_rel_pos=True, window=4)
    fuse_attention(made)
    monkeypatch.setattr(torch.nn.functional, 'scaled_dot_product_attention', counted)
    with torch.inference_mode():
        made(torch.zeros(1, 3, 96, 96))
    assert len(calls) == 2
