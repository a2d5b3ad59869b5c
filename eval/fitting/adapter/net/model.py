"""The forward pass, in plain torch, over a Layout's blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from eval.fitting.adapter.net import gguf_file
from eval.fitting.adapter.net.gguf_file import Shape
from eval.fitting.adapter.net.layout import Block, Layout, Tokens
from eval.fitting.adapter.net.low_rank import MATRICES, Low, LowRank

Turn = tuple[Tensor, Tensor]  # cosines and sines, (tokens, 1, head width / 2)
State = tuple[Tensor, Tensor]
"""A layer's keys (moved) and values of all tokens of a layout, flat: (tokens, kv heads, d)."""


def device_and_type() -> tuple[torch.device, torch.dtype]:
    """A GPU in bfloat16 where there is one, else the processor in float32."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.bfloat16
    return torch.device("cpu"), torch.float32


class Model:
    """Frozen weights; matrices in `dtype`, norms in float32."""

    def __init__(
        self,
        shape: Shape,
        weights: Iterable[tuple[str, object]],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.shape, self.device, self.dtype = shape, device, dtype
        self._weights: dict[str, Tensor] = {}
        for name, array in weights:
            tensor = torch.as_tensor(array)
            kept = dtype if tensor.ndim > 1 or name.endswith(".bias") else torch.float32
            self._weights[name] = tensor.to(device, kept)
        self._embedding = self._weights["token_embd.weight"]
        self._output = self._weights.get("output.weight", self._embedding)
        half = torch.arange(0, shape.head_width, 2, dtype=torch.float32, device=device)
        self._frequencies = shape.rope_base ** (-half / shape.head_width)

    @classmethod
    def open(cls, gguf: Path, device: torch.device, dtype: torch.dtype) -> Model:
        return cls(gguf_file.shape(gguf), gguf_file.weights(gguf), device, dtype)

    def sizes(self, first_layer: int = 0) -> dict[str, tuple[int, int]]:
        """(out, in) of the matrices that an adapter may stand beside, from a layer on."""
        names = [f"blk.{n}.{m}" for n in range(first_layer, self.shape.layers) for m in MATRICES]
        shapes = {name: self._weights[f"{name}.weight"].shape for name in names}
        return {name: (shape[0], shape[1]) for name, shape in shapes.items()}

    def hidden(
        self, layout: Layout, adapter: LowRank | None, keep: list[State] | None = None
    ) -> Tensor:
        """(tokens, width) after the last norm, flat. `keep` gets each layer's State."""
        low = adapter.low(self.dtype) if adapter else {}
        read, final = self.turn(layout.read), self.turn(layout.final)
        x = self.embed(layout.tokens)
        for n in range(self.shape.layers):
            q, k, v = self.heads(n, x, low)
            moved = self.rotate(k, final)
            seen = _attention(layout, self.rotate(q, read), self.rotate(k, read), moved, v)
            x = self.rest_of_layer(n, x, seen, low)
            if keep is not None:
                keep.append((moved, v))
        return self.last_norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, vocabulary), float32."""
        return F.linear(hidden, self._output).float()

    @torch.no_grad()
    def odds(
        self,
        head: Tokens,
        blocks: Sequence[Block],
        yes: int,
        no: int,
        adapter: LowRank | None,
    ) -> list[float]:
        """The log-odds of one token against another after every tail, in order."""
        layout = Layout.of(head, blocks, self.device)
        ends = torch.tensor(layout.ends, device=self.device)
        rows = self.logits(self.hidden(layout, adapter).index_select(0, ends))
        return [float(odds) for odds in rows[:, yes] - rows[:, no]]

    # --- a layer's parts, which writing uses too ------------------------------------------------

    def embed(self, tokens: Tensor) -> Tensor:
        return F.embedding(tokens, self._embedding)

    def heads(self, layer: int, x: Tensor, low: Low) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys, values, (tokens, heads, d), not yet turned to their positions."""
        block, shape, n = f"blk.{layer}.", self.shape, x.shape[0]
        x = self._norm(f"{block}attn_norm", x)
        q = self._linear(f"{block}attn_q", x, low).view(n, shape.heads, shape.head_width)
        k = self._linear(f"{block}attn_k", x, low).view(n, shape.kv_heads, shape.head_width)
        v = self._linear(f"{block}attn_v", x, low).view(n, shape.kv_heads, shape.head_width)
        return q, k, v

    def rest_of_layer(self, layer: int, x: Tensor, seen: Tensor, low: Low) -> Tensor:
        block = f"blk.{layer}."
        x = x + self._linear(f"{block}attn_output", seen.flatten(1), low)
        h = self._norm(f"{block}ffn_norm", x)
        gate = F.silu(self._linear(f"{block}ffn_gate", h, low))
        return x + self._linear(
            f"{block}ffn_down", gate * self._linear(f"{block}ffn_up", h, low), low
        )

    def last_norm(self, x: Tensor) -> Tensor:
        return self._norm("output_norm", x)

    def turn(self, positions: Tensor) -> Turn:
        angles = (positions.float()[:, None] * self._frequencies)[:, None]
        return angles.cos().to(self.dtype), angles.sin().to(self.dtype)

    def rotate(self, x: Tensor, turn: Turn) -> Tensor:
        """(tokens, heads, d) turned to their positions (Su et al. 2021)."""
        cos, sin = turn
        if self.shape.pairs:
            a, b = x[..., 0::2], x[..., 1::2]
            return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def _norm(self, name: str, x: Tensor) -> Tensor:
        weight = self._weights[f"{name}.weight"]
        return F.rms_norm(x.float(), (x.shape[-1],), weight, self.shape.epsilon).to(self.dtype)

    def _linear(self, name: str, x: Tensor, low: Low) -> Tensor:
        y = F.linear(x, self._weights[f"{name}.weight"], self._weights.get(f"{name}.bias"))
        if name in low:
            a, b = low[name]
            y = y + F.linear(F.linear(x, a), b)
        return y


def _attention(layout: Layout, q: Tensor, k: Tensor, moved: Tensor, v: Tensor) -> Tensor:
    """(tokens, heads, d): what each token takes from those that it sees."""
    n = layout.head

    def one_row(flat: Tensor) -> Tensor:
        return flat[:n].transpose(0, 1)[None]

    head = _attend(one_row(q), one_row(k), one_row(v), None)
    seen = [head[0].transpose(0, 1)]
    rows = layout.passages
    if rows is not None:
        shared = [one_row(flat).expand(rows.count, -1, -1, -1) for flat in (k, v)]
        keys = torch.cat([shared[0], rows.spread(k)], 2)
        values = torch.cat([shared[1], rows.spread(v)], 2)
        seen.append(rows.gather(_attend(rows.spread(q), keys, values, layout.passage_mask)))
    if len(q) > layout.before_tails:
        tails, prefix = layout.tails, layout.prefix
        keys = torch.cat([prefix.spread(moved), tails.spread(k)], 2)
        values = torch.cat([prefix.spread(v), tails.spread(v)], 2)
        seen.append(tails.gather(_attend(tails.spread(q), keys, values, layout.tail_mask)))
    return torch.cat(seen)


def _attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """q (rows, heads, m, d), k and v (rows, kv heads, n, d); no mask: each sees those before it."""
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    if q.requires_grad:
        q.register_hook(_finite)  # type: ignore[no-untyped-call]
    if k.requires_grad:
        k.register_hook(_finite)  # type: ignore[no-untyped-call]
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)


def _finite(gradient: Tensor) -> Tensor:
    """One masked kernel on GPUs gives a query's gradient that isn't finite where keys are huge, as
    they are in a middle layer of Qwen2."""
    return torch.nan_to_num(gradient, 0.0, 0.0, 0.0)
