"""The adapter while it is trained: W x + (alpha / rank) · B (A x) beside frozen matrices W.

Hu et al. 2021, "LoRA". A is drawn, B is zero, so that a fresh adapter changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from index.errors import UsageError

MATRICES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")

Low = dict[str, tuple[Tensor, Tensor]]
"""Matrix name → A, and B times alpha / rank, in the type that is computed in."""


class LowRank:
    """`sizes`: (out, in) of each matrix by name; parameters are float32, on `device`."""

    def __init__(
        self,
        sizes: Mapping[str, tuple[int, int]],
        *,
        rank: int,
        alpha: float,
        seed: int,
        device: torch.device,
    ) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.rank, self.alpha = rank, alpha
        self.matrices = {
            name: (
                nn.Parameter((torch.randn(rank, n, generator=draw) / math.sqrt(n)).to(device)),
                nn.Parameter(torch.zeros(m, rank, device=device)),
            )
            for name, (m, n) in sizes.items()
        }

    def parameters(self) -> list[nn.Parameter]:
        return [parameter for pair in self.matrices.values() for parameter in pair]

    def low(self, dtype: torch.dtype) -> Low:
        scale = self.alpha / self.rank
        return {
            name: (a.to(dtype), (b * scale).to(dtype)) for name, (a, b) in self.matrices.items()
        }

    def values(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Copies on the processor, float32."""
        return {
            name: (a.detach().float().cpu().clone(), b.detach().float().cpu().clone())
            for name, (a, b) in self.matrices.items()
        }

    @torch.no_grad()
    def load(self, values: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        """Take over A and B. Raises UsageError where they are of another shape or other layers."""
        for name, (a, b) in self.matrices.items():
            given = values.get(name)
            if given is None or given[0].shape != a.shape or given[1].shape != b.shape:
                raise UsageError(
                    f"the adapter to go on from has no {name!r} of rank {self.rank}: "
                    "train with its rank and layers, or without --start."
                )
            a.copy_(given[0])
            b.copy_(given[1])
