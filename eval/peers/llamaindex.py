"""LlamaIndex's CitationQueryEngine, answering questions that come in on standard input.

    python -I llamaindex.py JOB < questions > answers

JOB is a JSON file:

    articles     [{path, title, source, published}]; path: a text file
    generator    path of the GGUF; encoder: folder of the sentence-transformers model
    threads, context, max_tokens
    chunk_size   tokens of a chunk, for the index and for citations; null: LlamaIndex's defaults

Every line in is {"question"}. Every line out is {"text", "first_token_s", "total_s", "sources",
"prompt_tokens", "written_tokens"}, or {"error"}; before them one line {"ready", "chunks"}. Times
are from the question to the first text and to the last, retrieval included. `sources` are those
before the model, in the order of their numbers.

Run by the interpreter of an environment of its own (`eval.peers.environment`): nothing of
Dateline can be imported here.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from jinja2.sandbox import ImmutableSandboxedEnvironment
from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.llama_cpp import LlamaCPP

# As in LlamaIndex's own example of this engine.
SIMILARITY_TOP_K = 3
CITATION_CHUNK_SIZE = 512

OVERLAP = 20  # tokens, LlamaIndex's own between citation chunks


class Peer:
    def __init__(self, job: dict[str, Any]) -> None:
        self._last_prompt = ""
        self._llm = LlamaCPP(
            model_path=job["generator"],
            temperature=0.0,
            max_new_tokens=job["max_tokens"],
            context_window=job["context"],
            # llama-cpp-python's own defaults are half the cores and no flash attention.
            model_kwargs={
                "n_threads": job["threads"],
                "n_threads_batch": job["threads"],
                "n_batch": 512,
                "n_gpu_layers": -1,
                "flash_attn": True,
            },
            messages_to_prompt=self._messages_to_prompt,
            completion_to_prompt=self._completion_to_prompt,
            verbose=False,
        )
        self._template = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True
        ).from_string(self._llm._model.metadata["tokenizer.chat_template"])
        Settings.llm = self._llm
        Settings.embed_model = HuggingFaceEmbedding(model_name=job["encoder"], device="cpu")
        size = job["chunk_size"]
        if size:
            Settings.node_parser = SentenceSplitter(chunk_size=size, chunk_overlap=OVERLAP)
        index = VectorStoreIndex.from_documents([_document(a) for a in job["articles"]])
        self.chunks = len(index.docstore.docs)
        self._engine = CitationQueryEngine.from_args(
            index,
            similarity_top_k=SIMILARITY_TOP_K,
            citation_chunk_size=size or CITATION_CHUNK_SIZE,
            streaming=True,
        )

    def ask(self, question: str) -> dict[str, Any]:
        began = time.perf_counter()
        response = self._engine.query(question)
        text, first = "", None
        for delta in response.response_gen:
            text += delta
            if first is None and text.strip():
                first = time.perf_counter() - began
        total = time.perf_counter() - began
        return {
            "text": text,
            "first_token_s": first,
            "total_s": total,
            "sources": [node.node.metadata["title"] for node in response.source_nodes],
            "prompt_tokens": self._tokens(self._last_prompt),
            "written_tokens": self._tokens(text),
        }

    def warm_up(self) -> None:
        """Begin an answer, so that the files are read and the fixed part of the prompt is known."""
        response = self._engine.query("What are these articles about?")
        next(iter(response.response_gen), None)

    def _messages_to_prompt(self, messages: Sequence[Any]) -> str:
        turns = [{"role": m.role.value, "content": m.content or ""} for m in messages]
        # llama.cpp puts the beginning-of-text token itself where the model wants one.
        self._last_prompt = self._template.render(
            messages=turns, add_generation_prompt=True, bos_token="", eos_token=""
        )
        return self._last_prompt

    def _completion_to_prompt(self, completion: str) -> str:
        self._last_prompt = self._template.render(
            messages=[{"role": "user", "content": completion}],
            add_generation_prompt=True,
            bos_token="",
            eos_token="",
        )
        return self._last_prompt

    def _tokens(self, text: str) -> int:
        return len(self._llm._model.tokenize(text.encode(), add_bos=False, special=True))


def _document(article: dict[str, str]) -> Any:
    """The text begins with title, source and date, so that the model sees them too: the engine
    shows it no metadata, and the encoder all of it."""
    metadata = {name: article[name] for name in ("title", "source", "published") if article[name]}
    return Document(text=Path(article["path"]).read_text("utf-8"), metadata=metadata)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints stays out of the answers

    def say(what: dict[str, Any]) -> None:
        answers.write(json.dumps(what, ensure_ascii=False) + "\n")
        answers.flush()

    peer = Peer(json.loads(Path(sys.argv[1]).read_text("utf-8")))
    peer.warm_up()
    say({"ready": True, "chunks": peer.chunks})
    for line in sys.stdin:
        try:
            say(peer.ask(json.loads(line)["question"]))
        except ValueError as error:  # llama-cpp-python's, for a prompt that its context can't hold
            say({"error": str(error)})


if __name__ == "__main__":
    main()
