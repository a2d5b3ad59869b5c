"""A folder with a tiny BERT encoder of random weights, in the form of the real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from tokenizers.processors import TemplateProcessing

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghij", *(f"##{c}" for c in "abcdefghij")]
SIZE, INNER, HEADS, LAYERS, PLACES, LIMIT, EPS = 16, 40, 4, 2, 24, 12, 1e-12


def write(folder: Path, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Writes the folder's files and returns the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": SIZE,
        "intermediate_size": INNER,
        "layer_norm_eps": EPS,
        "max_position_embeddings": PLACES,
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "position_embedding_type": "absolute",
        "type_vocab_size": 2,
        "vocab_size": len(WORDS),
    }
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [{"path": p, "type": f"sentence_transformers.models.{k}"} for p, k in kinds]
    pooling = {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling").mkdir(exist_ok=True)
    for name, content in {
        "config.json": config,
        "modules.json": modules,
        "1_Pooling/config.json": pooling,
        "sentence_bert_config.json": {"max_seq_length": LIMIT, "do_lower_case": False},
    }.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")

    tokenizer = Tokenizer(WordPiece({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    # as the real one is kept: what it says about length isn't what sentence-transformers does
    tokenizer.enable_truncation(7)
    tokenizer.enable_padding(length=7)
    tokenizer.save(str(folder / "tokenizer.json"))

    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), SIZE),
        "embeddings.position_embeddings.weight": (PLACES, SIZE),
        "embeddings.token_type_embeddings.weight": (2, SIZE),
        "embeddings.LayerNorm": (SIZE,),
    }
    for n in range(LAYERS):
        at = f"encoder.layer.{n}"
        shapes |= {f"{at}.attention.self.{x}": (SIZE, SIZE) for x in ("query", "key", "value")}
        shapes |= {
            f"{at}.attention.output.dense": (SIZE, SIZE),
            f"{at}.attention.output.LayerNorm": (SIZE,),
            f"{at}.intermediate.dense": (INNER, SIZE),
            f"{at}.output.dense": (SIZE, INNER),
            f"{at}.output.LayerNorm": (SIZE,),
        }
    chance = np.random.default_rng(seed)
    weights: dict[str, NDArray[np.float32]] = {}
    for name, shape in shapes.items():
        if name.endswith(".weight"):
            weights[name] = chance.normal(size=shape).astype(np.float32)
        else:
            weights[f"{name}.weight"] = chance.normal(size=shape).astype(np.float32)
            weights[f"{name}.bias"] = chance.normal(size=shape[0]).astype(np.float32)
    save_file(weights, folder / "model.safetensors")
    return weights
