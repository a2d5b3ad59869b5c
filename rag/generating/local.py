"""The Generator on this machine: prompts read through the passage cache, text written, scored.

A prompt is read in blocks: the head (chat template, system prompt), then each part (a passage),
then the rest. With `separate_parts` a part is read right after the head, blind to its neighbours,
so that its state is the same in every prompt: it is read once, kept, moved to its place and
joined. Without it (a model whose state can't be moved, or to measure what it costs) parts are
read one after the other, and only what the last prompt shares with this one is reused.
"""

from __future__ import annotations

import codecs
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.errors import ModelClosed
from rag.generating.generator import Piece, Prompt, PromptTooLong, Read, Stop, Stopped
from rag.generating.llama import BATCH, SEQUENCES, Engine
from rag.generating.states import StateCache, state_key
from rag.generating.template import chat_pieces

_MAIN, _SCRATCH, _FIRST_BESIDE = 0, 1, 2
_BESIDE = SEQUENCES - _FIRST_BESIDE

Block = tuple[int, ...]


class LocalGenerator:
    """Implements `Generator` with llama.cpp. Thread-safe: calls take turns."""

    def __init__(
        self,
        engine: Engine,
        *,
        name: str,
        sha256: str,
        adapter: str = "",
        cache: StateCache | None = None,
        separate_parts: bool = True,
    ) -> None:
        self.name = name
        self.sha256 = sha256
        self.adapter = adapter
        self._adapted = False
        self.cache = cache or StateCache(None, memory_bound=0, disk_bound=0)
        self._engine = engine
        self._separate = separate_parts and engine.can_move
        pieces = chat_pieces(
            engine.chat_template,
            bos=engine.special_text(engine.bos),
            eos=engine.special_text(engine.eos),
        )
        self._before_system = engine.tokenize(pieces.before_system, special=True)
        if engine.adds_bos and self._before_system[:1] != [engine.bos]:
            self._before_system.insert(0, engine.bos)
        self._before_user = engine.tokenize(pieces.before_user, special=True)
        self._after_user = engine.tokenize(pieces.after_user, special=True)
        self._yes = _single_tokens(engine, ("Yes", " Yes", "yes", " yes"))
        self._no = _single_tokens(engine, ("No", " No", "no", " no"))
        # What the main sequence holds: whole blocks, then tokens of a tail.
        self._blocks: list[Block] = []
        self._tail: list[int] = []
        self._lock = threading.Lock()  # of the context
        self._words = threading.Lock()  # of the vocabulary, which counting needs meanwhile
        self._process = os.getpid()
        self._closed = False
        self._running: Stop | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        name: str,
        sha256: str,
        threads: int,
        adapter: tuple[Path, str] | None = None,
        context: int = 4096,
        cache: StateCache | None = None,
        separate_parts: bool = True,
        q8_state: bool = False,
    ) -> LocalGenerator:
        """`adapter` is a GGUF file of low-rank weights for this model, and its SHA-256."""
        engine = Engine(
            path,
            context=context,
            threads=threads,
            q8_state=q8_state,
            adapter=adapter[0] if adapter else None,
        )
        return cls(
            engine,
            name=name,
            sha256=sha256,
            adapter=adapter[1] if adapter else "",
            cache=cache,
            separate_parts=separate_parts,
        )

    @property
    def context_tokens(self) -> int:
        return self._engine.context

    @property
    def separate_parts(self) -> bool:
        return self._separate

    def close(self) -> None:
        """Stops what is being read or written; who asks afterwards gets ModelClosed."""
        self._closed = True
        running = self._running
        if running is not None:
            running.set()
        with self._lock, self._words:
            self._engine.close()

    def _gone(self) -> ModelClosed:
        return ModelClosed(f"The model '{self.name}' has been closed; open an Assistant anew.")

    def _tokens(self, text: str) -> list[int]:
        with self._words:
            if self._closed:
                raise self._gone()
            return self._engine.tokenize(text)

    @contextmanager
    def _turn(self, stop: Stop | None) -> Iterator[Stop]:
        """One call at a time into llama.cpp, and none after it was closed."""
        if os.getpid() != self._process:
            raise ModelClosed(
                f"The model '{self.name}' was opened by another process, whose threads a fork "
                "doesn't copy; open an Assistant in this one."
            )
        with self._lock:
            stop = self._running = stop or Stop()
            try:
                if self._closed:
                    raise Stopped
                yield stop
            except Stopped:
                if self._closed:
                    raise self._gone() from None
                raise
            finally:
                self._running = None

    def count(self, text: str) -> int:
        return len(self._tokens(text))

    def prompt_tokens(self, prompt: Prompt) -> int:
        return sum(map(len, self._read_blocks(prompt))) + len(self._read_tail(prompt))

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        blocks, tail = self._read_blocks(prompt), self._read_tail(prompt)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for n in range(max_tokens):
            # The lock is not held while a piece is looked at: what was read meanwhile for somebody
            # else is put back first.
            with self._turn(stop) as turn:
                read = self._read(prompt.adapted, blocks, tail, room=max_tokens - n, stop=turn)
                token = int(self._engine.logits().argmax())
                text = decoder.decode(self._engine.piece(token))
            if n == 0:
                yield read
            if self._engine.ends_turn(token):
                return
            yield Piece(text)
            tail.append(token)

    def yes(self, prompt: Prompt, stop: Stop | None = None) -> float:
        blocks, tail = self._read_blocks(prompt), self._read_tail(prompt)
        with self._turn(stop) as turn:
            self._read(prompt.adapted, blocks, tail, stop=turn)
            return self._yes_of(self._engine.logits())

    def yes_each(self, prompts: Sequence[Prompt], stop: Stop | None = None) -> tuple[float, ...]:
        if not self._separate:
            return tuple(self.yes(prompt, stop) for prompt in prompts)
        found: list[float] = []
        rows: list[_Row] = []
        for prompt in prompts:
            head, part = self._read_blocks(prompt)
            row = _Row(prompt.adapted, head, part, self._read_tail(prompt))
            alone = len(row.tail) > BATCH or len(head) + row.cells > self.context_tokens
            if rows and (
                alone
                or len(rows) == _BESIDE
                or (row.adapted, row.head) != (rows[0].adapted, rows[0].head)
                or sum(len(r.tail) for r in rows) + len(row.tail) > BATCH
                or sum(r.cells for r in rows) + row.cells + len(head) > self.context_tokens
            ):
                found += self._beside(rows, stop)
                rows = []
            if alone:
                found.append(self.yes(prompt, stop))
            else:
                rows.append(row)
        if rows:
            found += self._beside(rows, stop)
        return tuple(found)

    def _beside(self, rows: Sequence[_Row], stop: Stop | None) -> list[float]:
        """Every row in a sequence of its own, all read in one batch; the main one stays, if it can.

        A part that stands right after the head is where its state was read: nothing is moved.
        """
        engine, head = self._engine, rows[0].head
        sequences = range(_FIRST_BESIDE, _FIRST_BESIDE + len(rows))
        with self._turn(stop) as turn:
            self._adapt(rows[0].adapted)
            held = sum(map(len, self._blocks)) + len(self._tail)
            if self._blocks[:1] != [head] or held + sum(r.cells for r in rows) > engine.context:
                self._place([head], turn)
            try:
                for row, sequence in zip(rows, sequences, strict=True):
                    self._to_scratch(head, row.part, turn)
                    engine.share(_SCRATCH, sequence)
                    engine.share(_MAIN, sequence, 0, len(head))
                    engine.forget(_SCRATCH)
                logits = engine.decode_last(
                    [
                        (row.tail, len(head) + len(row.part), sequence)
                        for row, sequence in zip(rows, sequences, strict=True)
                    ],
                    stop=turn,
                )
                return [self._yes_of(row) for row in logits]
            finally:
                for sequence in (_SCRATCH, *sequences):
                    engine.forget(sequence)

    def _yes_of(self, logits: NDArray[np.float32]) -> float:
        yes = _log_sum_exp(logits[self._yes].astype(np.float64))
        no = _log_sum_exp(logits[self._no].astype(np.float64))
        return float(1 / (1 + np.exp(no - yes)))

    def _adapt(self, on: bool) -> None:
        """What stands in the context was read with the adapter or without: it isn't mixed."""
        on = on and bool(self.adapter)
        if on != self._adapted:
            self._reset()
            self._engine.adapt(on)
            self._adapted = on

    def remember(self, prompt: Prompt, stop: Stop | None = None) -> bool:
        if not self._separate:
            return False
        head, part = self._read_blocks(prompt)
        if self._key(prompt.adapted, head, part) in self.cache:
            return False
        with self._turn(stop) as turn:
            self._adapt(prompt.adapted)
            self._place([head], turn)
            self._engine.forget(_SCRATCH)
            self._read_part(head, part, turn)
            self._engine.forget(_SCRATCH)
        return True

    # --- reading ----------------------------------------------------------------------------

    def _read_blocks(self, prompt: Prompt) -> list[Block]:
        plain = self._tokens
        head = [*self._before_system, *plain(prompt.system), *self._before_user]
        return [tuple(head), *(tuple(plain(part)) for part in prompt.parts)]

    def _read_tail(self, prompt: Prompt) -> list[int]:
        plain = self._tokens
        return [*plain(prompt.ask), *self._after_user, *plain(prompt.reply)]

    def _read(
        self,
        adapted: bool,
        blocks: list[Block],
        tail: list[int],
        *,
        room: int = 0,
        stop: Stop | None,
    ) -> Read:
        """Have the main sequence hold the prompt's passages and then `tail`, with room for more.

        At hand are the logits of the last token.
        """
        placed = sum(map(len, blocks))
        total = placed + len(tail)
        if total + room > self.context_tokens:
            raise PromptTooLong(
                f"The prompt and its answer need {total + room} tokens but '{self.name}' holds "
                f"{self.context_tokens}; ask a shorter question or give it fewer passages."
            )
        self._adapt(adapted)
        reused = self._place(blocks, stop, keep_tail=True)
        same = _common(self._tail, tail[:-1])
        self._engine.forget(_MAIN, placed + same)
        self._tail = tail[:same]
        self._decode(tail[same:], placed + same, stop)
        return Read(total, reused + same)

    def _place(self, blocks: list[Block], stop: Stop | None, *, keep_tail: bool = False) -> int:
        """Make `blocks` the beginning of the main sequence; returns how many tokens weren't read.

        Whatever stops it midway leaves an empty context rather than a wrong one.
        """
        same = _common(self._blocks, blocks)
        if same == len(self._blocks) == len(blocks) and keep_tail:
            return sum(map(len, blocks))
        position = reused = sum(map(len, blocks[:same]))
        self._engine.forget(_MAIN, position)
        self._blocks, self._tail = blocks[:same], []
        try:
            for block in blocks[same:]:
                reused += self._append(block, position, stop)
                position += len(block)
                self._blocks.append(block)
        except BaseException:
            self._reset()
            raise
        return reused

    def _append(self, block: Block, position: int, stop: Stop | None) -> int:
        engine = self._engine
        if not self._separate:
            engine.decode(block, position, _MAIN, stop=stop)
            return 0
        if position == 0:
            key = self._key(self._adapted, block)
            state = self.cache.get(key)
            if state is not None and engine.load(state, _MAIN):
                return len(block)
            engine.forget(_MAIN)
            engine.decode(block, 0, _MAIN, stop=stop)
            self.cache.put(key, engine.save(_MAIN))
            return 0
        head = self._blocks[0]
        found = self._to_scratch(head, block, stop)
        engine.move(_SCRATCH, position - len(head))
        engine.share(_SCRATCH, _MAIN)
        engine.forget(_SCRATCH)
        return len(block) if found else 0

    def _to_scratch(self, head: Block, block: Block, stop: Stop | None) -> bool:
        """A part as it is read right after the head, alone in the scratch sequence; False if it
        had to be read anew."""
        self._engine.forget(_SCRATCH)
        state = self.cache.get(self._key(self._adapted, head, block))
        if state is not None and self._engine.load(state, _SCRATCH):
            return True
        self._engine.forget(_SCRATCH)
        self._read_part(head, block, stop)
        return False

    def _read_part(self, head: Block, block: Block, stop: Stop | None) -> None:
        """Read a part right after the head, in the scratch sequence, and keep its state."""
        engine = self._engine
        engine.share(_MAIN, _SCRATCH, 0, len(head))
        try:
            engine.decode(block, len(head), _SCRATCH, stop=stop)
        except BaseException:
            engine.forget(_SCRATCH)
            raise
        engine.forget(_SCRATCH, 0, len(head))
        self.cache.put(self._key(self._adapted, head, block), engine.save(_SCRATCH))

    def _decode(self, tokens: Sequence[int], position: int, stop: Stop | None) -> None:
        last = (len(tokens) - 1,)
        try:
            self._engine.decode(tokens, position, _MAIN, logits=last, stop=stop)
        except BaseException:
            self._reset()
            raise
        self._tail.extend(tokens)

    def _reset(self) -> None:
        self._engine.clear()
        self._blocks, self._tail = [], []

    def _key(self, adapted: bool, head: Block, part: Block | None = None) -> str:
        """Of everything that a state depends on: model, adapter, build, state type, tokens before
        and in it."""
        own = np.asarray(head if part is None else part, np.int32).tobytes()
        before = b"" if part is None else np.asarray(head, np.int32).tobytes()
        adapter = self.adapter if adapted else ""
        build, kind = self._engine.build, self._engine.state_type
        return state_key(self.sha256, adapter, build, kind, before, own)


@dataclass(frozen=True, slots=True)
class _Row:
    """One prompt of several that are read side by side."""

    adapted: bool
    head: Block
    part: Block
    tail: list[int]

    @property
    def cells(self) -> int:
        return len(self.part) + len(self.tail)


def _common(a: Sequence[object], b: Sequence[object]) -> int:
    """How many leading items two sequences share."""
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n


def _log_sum_exp(values: NDArray[np.floating]) -> float:
    highest = values.max()
    return float(highest + np.log(np.exp(values - highest).sum()))


def _single_tokens(engine: Engine, words: Sequence[str]) -> list[int]:
    found = [engine.tokenize(word) for word in words]
    return sorted({tokens[0] for tokens in found if len(tokens) == 1})
