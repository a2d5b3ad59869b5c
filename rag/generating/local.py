"""The Generator on this machine: prompts read through the passage cache, text written, scored.

A prompt is read in blocks: the head (chat template, system prompt), then each part (a passage),
then the rest. With `separate_parts` a part is read right after the head, blind to its neighbours,
so that its state is the same in every prompt: it is read once, kept, moved to its place and
joined. Without it (a model whose state can't be moved, or to measure what it costs) parts are
read one after the other, and only what the last prompt shares with this one is reused.
"""

from __future__ import annotations

import codecs
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.generating.generator import Judgement, Piece, Prompt, PromptTooLong, Read, Stop
from rag.generating.llama import BATCH, Engine
from rag.generating.states import StateCache, state_key
from rag.generating.template import chat_pieces

_MAIN, _SCRATCH = 0, 1

Block = tuple[int, ...]


class LocalGenerator:
    """Implements `Generator` with llama.cpp. Thread-safe: calls take turns."""

    def __init__(
        self,
        engine: Engine,
        *,
        name: str,
        sha256: str,
        cache: StateCache | None = None,
        separate_parts: bool = True,
    ) -> None:
        self.name = name
        self.sha256 = sha256
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
        # A plain Lock: the thread that closes a stream needn't be the one that began it.
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        name: str,
        sha256: str,
        threads: int,
        context: int = 4096,
        cache: StateCache | None = None,
        separate_parts: bool = True,
        q8_state: bool = False,
    ) -> LocalGenerator:
        engine = Engine(path, context=context, threads=threads, q8_state=q8_state)
        return cls(
            engine,
            name=name,
            sha256=sha256,
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
        with self._lock:
            self._engine.close()

    def count(self, text: str) -> int:
        return len(self._engine.tokenize(text))

    def prompt_tokens(self, prompt: Prompt) -> int:
        return sum(map(len, self._read_blocks(prompt))) + len(self._read_tail(prompt))

    def write(
        self, prompt: Prompt, max_tokens: int, stop: Stop | None = None
    ) -> Iterator[Read | Piece]:
        with self._lock:
            read = self._read(prompt, self._read_tail(prompt), room=max_tokens, stop=stop)
            yield read
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            end = read.tokens + max_tokens
            for position in range(read.tokens, end):
                row = self._engine.logits()
                token = int(row.argmax())
                if self._engine.ends_turn(token):
                    return
                logprob = float(row[token]) - _log_sum_exp(row)
                yield Piece(decoder.decode(self._engine.piece(token)), logprob)
                if position + 1 < end:
                    self._decode([token], position, stop, logits=(0,))

    def yes(self, prompt: Prompt, stop: Stop | None = None) -> float:
        with self._lock:
            self._read(prompt, self._read_tail(prompt), stop=stop)
            return self._yes_or_no()

    def judge(self, prompt: Prompt, statement: str, stop: Stop | None = None) -> Judgement:
        # (the last one: a question before it may hold the same words)
        before, found, after = prompt.ask.rpartition(statement or "\0")
        if not (before.strip() and found and statement.strip()):
            raise ValueError(f"the prompt doesn't ask about the statement {statement!r}")
        # A word is a token together with the space before it.
        lead = before[len(before.rstrip(" ")) :]
        plain = self._engine.tokenize
        opening = plain(before[: len(before) - len(lead)])
        stated = plain(lead + statement)
        rest = [*plain(after), *self._after_user, *plain(prompt.reply)]
        tail = [*opening, *stated, *rest]
        # What the model expects of a token stands in the logits of the one before it.
        wanted = range(len(opening) - 1, len(opening) + len(stated) - 1)
        with self._lock:
            self._read(prompt, tail, stop=stop, wanted=wanted)
            rows = self._engine.all_logits()[:-1]  # of the last ones, where not all fit
            logprobs = tuple(
                float(row[token]) - _log_sum_exp(row)
                for row, token in zip(rows, stated[len(stated) - len(rows) :], strict=True)
            )
            return Judgement(self._yes_or_no(), logprobs)

    def _yes_or_no(self) -> float:
        logits = self._engine.logits().astype(np.float64)
        yes, no = _log_sum_exp(logits[self._yes]), _log_sum_exp(logits[self._no])
        return float(1 / (1 + np.exp(no - yes)))

    def remember(self, system: str, part: str, stop: Stop | None = None) -> bool:
        if not self._separate:
            return False
        prompt = Prompt(system, (part,), "")
        head, block = self._read_blocks(prompt)
        if self._key(head, block) in self.cache:
            return False
        with self._lock:
            self._place([head], stop)
            self._engine.forget(_SCRATCH)
            self._read_part(head, block, stop)
            self._engine.forget(_SCRATCH)
        return True

    # --- reading ----------------------------------------------------------------------------

    def _read_blocks(self, prompt: Prompt) -> list[Block]:
        plain = self._engine.tokenize
        head = [*self._before_system, *plain(prompt.system), *self._before_user]
        return [tuple(head), *(tuple(plain(part)) for part in prompt.parts)]

    def _read_tail(self, prompt: Prompt) -> list[int]:
        plain = self._engine.tokenize
        return [*plain(prompt.ask), *self._after_user, *plain(prompt.reply)]

    def _read(
        self,
        prompt: Prompt,
        tail: list[int],
        *,
        room: int = 0,
        stop: Stop | None,
        wanted: Sequence[int] = (),
    ) -> Read:
        """Have the main sequence hold the prompt's passages and then `tail`, with room for more.

        At hand are the logits of the last token and, before them, of those at `wanted` in the
        tail, as many as are among its last 512 tokens.
        """
        blocks = self._read_blocks(prompt)
        placed = sum(map(len, blocks))
        total = placed + len(tail)
        if total + room > self.context_tokens:
            raise PromptTooLong(
                f"The prompt and its answer need {total + room} tokens but '{self.name}' holds "
                f"{self.context_tokens}; ask a shorter question or give it fewer passages."
            )
        reused = self._place(blocks, stop, keep_tail=True)
        same = _common(self._tail, tail[: min([*wanted, len(tail) - 1])])
        self._engine.forget(_MAIN, placed + same)
        self._tail = tail[:same]
        rows = [n - same for n in (*wanted, len(tail) - 1) if n >= len(tail) - BATCH]
        self._decode(tail[same:], placed + same, stop, logits=rows)
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
            key = self._key(block)
            state = self.cache.get(key)
            if state is not None and engine.load(state, _MAIN):
                return len(block)
            engine.forget(_MAIN)
            engine.decode(block, 0, _MAIN, stop=stop)
            self.cache.put(key, engine.save(_MAIN))
            return 0
        head = self._blocks[0]
        engine.forget(_SCRATCH)
        state = self.cache.get(self._key(head, block))
        found = state is not None and engine.load(state, _SCRATCH)
        if not found:
            engine.forget(_SCRATCH)
            self._read_part(head, block, stop)
        engine.move(_SCRATCH, position - len(head))
        engine.share(_SCRATCH, _MAIN)
        engine.forget(_SCRATCH)
        return len(block) if found else 0

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
        self.cache.put(self._key(head, block), engine.save(_SCRATCH))

    def _decode(
        self, tokens: Sequence[int], position: int, stop: Stop | None, logits: Sequence[int]
    ) -> None:
        try:
            self._engine.decode(tokens, position, _MAIN, logits=logits, stop=stop)
        except BaseException:
            self._reset()
            raise
        self._tail.extend(tokens)

    def _reset(self) -> None:
        self._engine.clear()
        self._blocks, self._tail = [], []

    def _key(self, head: Block, part: Block | None = None) -> str:
        """Of everything that a state depends on: model, build, state type, tokens before and in."""
        own = np.asarray(head if part is None else part, np.int32).tobytes()
        before = b"" if part is None else np.asarray(head, np.int32).tobytes()
        return state_key(self.sha256, self._engine.build, self._engine.state_type, before, own)


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
