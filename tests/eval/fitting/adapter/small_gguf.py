"""A made-up model file of two layers in float32, without a vocabulary.

What llama.cpp computes of it is exact but for its state's 16 bits, so that a wrong turn of a head
or a missing bias shows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFWriter

LAYERS, WIDTH, HEADS, KV_HEADS, FEED, TOKENS = 2, 64, 4, 2, 96, 120


def write_model(path: Path, architecture: str, seed: int = 0) -> Path:
    draw = np.random.default_rng(seed)
    writer = GGUFWriter(path, architecture)
    writer.add_block_count(LAYERS)
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(1_000.0)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(TOKENS)
    writer.add_tokenizer_model("no_vocab")

    def matrix(*shape: int) -> np.ndarray:
        return draw.normal(0, 1.5 / np.sqrt(shape[-1]), shape).astype(np.float32)

    def norm() -> np.ndarray:
        return draw.uniform(0.5, 1.5, WIDTH).astype(np.float32)

    keys = WIDTH // HEADS * KV_HEADS
    writer.add_tensor("token_embd.weight", matrix(TOKENS, WIDTH) * 8)
    writer.add_tensor("output_norm.weight", norm())
    if architecture == "qwen2":  # (and an output of its own; the other's is tied)
        writer.add_tensor("output.weight", matrix(TOKENS, WIDTH))
    for n in range(LAYERS):
        block = f"blk.{n}."
        writer.add_tensor(f"{block}attn_norm.weight", norm())
        writer.add_tensor(f"{block}ffn_norm.weight", norm())
        for name, rows in (("attn_q", WIDTH), ("attn_k", keys), ("attn_v", keys)):
            writer.add_tensor(f"{block}{name}.weight", matrix(rows, WIDTH))
            if architecture == "qwen2":
                bias = draw.normal(0, 0.5, rows).astype(np.float32)
                writer.add_tensor(f"{block}{name}.bias", bias)
        writer.add_tensor(f"{block}attn_output.weight", matrix(WIDTH, WIDTH))
        writer.add_tensor(f"{block}ffn_gate.weight", matrix(FEED, WIDTH))
        writer.add_tensor(f"{block}ffn_up.weight", matrix(FEED, WIDTH))
        writer.add_tensor(f"{block}ffn_down.weight", matrix(WIDTH, FEED))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
