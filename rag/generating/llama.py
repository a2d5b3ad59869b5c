"""llama.cpp, as little of it as the generator needs: tokens in, logits out, states saved and moved.

The only importer of llama_cpp. Speaks of tokens, positions and sequences, not of prompts or
passages (see `rag.generating.local`). Not thread-safe.

Positions of one sequence must be consecutive, and the key-value cells of a sequence can be saved,
loaded into another sequence, moved to other positions (RoPE is re-applied lazily at the next
decode) and joined with a sequence. That is all the passage cache rests on.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp as ll
import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelMismatch
from rag.generating.generator import Stop, Stopped

BATCH = 512
SEQUENCES = 8

# llama.cpp asks between operations whether to stop. A Python callback would run hundreds of times
# a token and would swallow a Ctrl-C that lands in it, so it asks C's strlen about Stop's flag,
# which is an empty string until the stop is set.
_strlen = (ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)).strlen
_flag_is_set = ctypes.cast(_strlen, ll.ggml_abort_callback)
_never = Stop()

_backend = threading.Lock()
_backend_ready = False


def _silence(level: int, text: bytes, data: Any) -> None:
    """llama.cpp writes its log to standard error; errors reach people as exceptions instead."""


_silent_log = ll.llama_log_callback(_silence)


def _start_backend() -> None:
    global _backend_ready
    with _backend:
        if not _backend_ready:
            ll.llama_log_set(_silent_log, ctypes.c_void_p(0))
            ll.llama_backend_init()
            _backend_ready = True


class Engine:
    """One model, an adapter for it or none, and one context of `context` cells shared by a few
    sequences."""

    def __init__(
        self,
        path: Path,
        *,
        context: int,
        threads: int,
        q8_state: bool = False,
        adapter: Path | None = None,
    ) -> None:
        _start_backend()
        model_params = ll.llama_model_default_params()
        model_params.n_gpu_layers = -1  # all, where the build has a GPU; none otherwise
        self._model = ll.llama_model_load_from_file(str(path).encode(), model_params)
        if not self._model:
            raise ModelMismatch(
                f"'{path}' can't be loaded as a GGUF model; run 'dateline models verify' to check "
                "it, or name another model."
            )
        params = ll.llama_context_default_params()
        params.n_ctx = context
        params.n_batch = params.n_ubatch = BATCH
        params.n_seq_max = SEQUENCES
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = ll.LLAMA_FLASH_ATTN_TYPE_ENABLED
        params.kv_unified = True
        params.no_perf = True
        if q8_state:
            params.type_k = params.type_v = ll.GGML_TYPE_Q8_0
        self._ctx = ll.llama_init_from_model(self._model, params)
        if not self._ctx:
            ll.llama_model_free(self._model)
            raise ModelMismatch(
                f"'{path}' was loaded but a context of {context} tokens could not be made; free "
                "some memory, or choose a smaller model with --model."
            )
        self._adapter = self._load_adapter(adapter) if adapter else None
        self._adapted = False
        self._memory = ll.llama_get_memory(self._ctx)
        self._vocab = ll.llama_model_get_vocab(self._model)
        self.vocabulary_size = int(ll.llama_vocab_n_tokens(self._vocab))
        self.context = int(ll.llama_n_ctx(self._ctx))
        # A sliding-window or recurrent model keeps no state per token that could be moved.
        self.can_move = bool(
            ll.llama_memory_can_shift(self._memory)
            and not ll.llama_model_n_swa(self._model)
            and not ll.llama_model_is_recurrent(self._model)
            and not ll.llama_model_is_hybrid(self._model)
        )
        # States are only good for the build that wrote them.
        self.build = f"llama-cpp-python {ll.__version__}"
        self.state_type = "q8_0" if q8_state else "f16"
        self._batch = ll.llama_batch_init(BATCH, 0, 1)
        self._n_outputs = 0

    def _load_adapter(self, path: Path) -> Any:
        found = ll.llama_adapter_lora_init(self._model, str(path).encode())
        if not found:
            ll.llama_free(self._ctx)
            ll.llama_model_free(self._model)
            raise ModelMismatch(
                f"'{path}' is no adapter for this model; install Dateline again, or name another "
                "model with --model."
            )
        return found

    def adapt(self, on: bool) -> None:
        """Whether the adapter takes part in what is evaluated from now on."""
        if self._adapter is None or on == self._adapted:
            return
        if on:
            adapters = (ll.llama_adapter_lora_p_ctypes * 1)(self._adapter)
            ll.llama_set_adapters_lora(self._ctx, adapters, 1, (ctypes.c_float * 1)(1.0))
        else:
            ll.llama_set_adapters_lora(self._ctx, None, 0, None)
        self._adapted = on

    def close(self) -> None:
        if self._ctx:
            ll.llama_batch_free(self._batch)
            ll.llama_free(self._ctx)
            ll.llama_model_free(self._model)
            self._ctx = self._model = None

    # --- vocabulary -------------------------------------------------------------------------

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Tokens of `text`; control tokens written out in it stay plain text unless `special`."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        buffer = (ll.llama_token * room)()
        n = ll.llama_tokenize(self._vocab, data, len(data), buffer, room, False, special)
        return list(buffer[:n])

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; control tokens stand for nothing."""
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            n = ll.llama_token_to_piece(self._vocab, token, buffer, room, 0, False)
            if n >= 0:
                return buffer.raw[:n]
            room = -n

    def ends_turn(self, token: int) -> bool:
        return bool(ll.llama_vocab_is_eog(self._vocab, token))

    def special_text(self, token: int) -> str:
        """How a control token is written, for the chat template; '' if there's none."""
        text = ll.llama_vocab_get_text(self._vocab, token) if token >= 0 else None
        return text.decode("utf-8", "replace") if text else ""

    @property
    def bos(self) -> int:
        return int(ll.llama_vocab_bos(self._vocab))

    @property
    def eos(self) -> int:
        return int(ll.llama_vocab_eos(self._vocab))

    @property
    def adds_bos(self) -> bool:
        return bool(ll.llama_vocab_get_add_bos(self._vocab))

    @property
    def chat_template(self) -> str | None:
        template = ll.llama_model_chat_template(self._model, None)
        return template.decode() if template else None

    # --- evaluation -------------------------------------------------------------------------

    def decode(
        self,
        tokens: Sequence[int],
        position: int,
        sequence: int,
        *,
        logits: Sequence[int] = (),
        stop: Stop | None = None,
    ) -> None:
        """Evaluate tokens from `position` on; `logits` says after which of them (ascending places
        in `tokens`, all among the last 512) logits are wanted.

        Raises Stopped when `stop` is set meanwhile: the cells of an unfinished batch are gone,
        those of the batches before it stay.
        """
        stop = stop or _never
        ll.llama_set_abort_callback(self._ctx, _flag_is_set, stop.address)
        batch = self._batch
        wanted = frozenset(logits)
        # The last batch is a full one where it has to hold several logits.
        first = 0
        for end in range(len(tokens) % BATCH or BATCH, len(tokens) + 1, BATCH):
            if stop.is_set():
                raise Stopped
            batch.n_tokens = end - first
            for i in range(end - first):
                batch.token[i] = tokens[first + i]
                batch.pos[i] = position + first + i
                batch.n_seq_id[i] = 1
                batch.seq_id[i][0] = sequence
                batch.logits[i] = first + i in wanted
            code = ll.llama_decode(self._ctx, batch)
            if code == 2 or (code != 0 and stop.is_set()):
                raise Stopped
            if code != 0:
                raise RuntimeError(f"llama_decode returned {code} for {end - first} tokens")
            first = end
        self._n_outputs = len(wanted)

    def decode_last(
        self, rows: Sequence[tuple[Sequence[int], int, int]], *, stop: Stop | None = None
    ) -> NDArray[np.float32]:
        """Evaluate several sequences' tokens (tokens, position of the first, sequence) in one
        batch of at most 512 together; the logits after the last token of each, shape (rows,
        vocabulary), a view that the next decode invalidates. Raises Stopped.
        """
        stop = stop or _never
        ll.llama_set_abort_callback(self._ctx, _flag_is_set, stop.address)
        batch, at = self._batch, 0
        for tokens, position, sequence in rows:
            for i, token in enumerate(tokens):
                batch.token[at] = token
                batch.pos[at] = position + i
                batch.n_seq_id[at] = 1
                batch.seq_id[at][0] = sequence
                batch.logits[at] = i == len(tokens) - 1
                at += 1
        batch.n_tokens = at
        if stop.is_set():
            raise Stopped
        code = ll.llama_decode(self._ctx, batch)
        if code == 2 or (code != 0 and stop.is_set()):
            raise Stopped
        if code != 0:
            raise RuntimeError(f"llama_decode returned {code} for {at} tokens")
        self._n_outputs = len(rows)
        return self.all_logits()

    def logits(self) -> NDArray[np.float32]:
        """Of the last evaluated token, shape (vocabulary,): a view, valid until the next decode."""
        pointer = ll.llama_get_logits_ith(self._ctx, -1)
        return np.ctypeslib.as_array(pointer, shape=(self.vocabulary_size,))

    def all_logits(self) -> NDArray[np.float32]:
        """Those that the last decode was asked for: shape (how many, vocabulary), a view."""
        pointer = ll.llama_get_logits(self._ctx)
        return np.ctypeslib.as_array(pointer, shape=(self._n_outputs, self.vocabulary_size))

    # --- states -----------------------------------------------------------------------------

    def clear(self) -> None:
        ll.llama_memory_clear(self._memory, False)

    def forget(self, sequence: int, start: int = 0, end: int = -1) -> None:
        """Drop the cells of a sequence at positions start..end (-1: to the last)."""
        ll.llama_memory_seq_rm(self._memory, sequence, start, end)

    def share(self, source: int, target: int, start: int = 0, end: int = -1) -> None:
        """Make the cells of one sequence part of another too; nothing is copied."""
        ll.llama_memory_seq_cp(self._memory, source, target, start, end)

    def move(self, sequence: int, by: int) -> None:
        """Shift all positions of a sequence, whose cells must not be shared."""
        if by:
            ll.llama_memory_seq_add(self._memory, sequence, 0, -1, by)

    def save(self, sequence: int) -> bytes:
        size = ll.llama_state_seq_get_size(self._ctx, sequence)
        buffer = (ctypes.c_uint8 * size)()
        n = ll.llama_state_seq_get_data(self._ctx, buffer, size, sequence)
        return bytes(memoryview(buffer)[:n])

    def load(self, state: bytes, sequence: int) -> bool:
        """Put a saved state into an empty sequence; False if llama.cpp won't have it."""
        pointer = ctypes.cast(ctypes.c_char_p(state), ctypes.POINTER(ctypes.c_uint8))
        return bool(ll.llama_state_seq_set_data(self._ctx, pointer, len(state), sequence))
