"""The columns of `speed`'s tables."""

from __future__ import annotations

from typing import Literal

from eval.stats import median, percentile95, ratio_of_medians
from eval.suite import Figure


def _ms(name: str, column: str, about: str) -> Figure:
    return Figure(name, (column,), about, statistic=median, better="lower", unit="ms")


def _late(name: str, column: str, about: str) -> Figure:
    return Figure(name, (column,), about, statistic=percentile95, better="lower", unit="ms")


def _figure(name: str, column: str, about: str, unit: Literal["MB", "number", "share"]) -> Figure:
    return Figure(name, (column,), about, statistic=median, better="", unit=unit)


def _ratio(name: str, over: str, under: str, about: str) -> Figure:
    return Figure(name, (over, under), about, statistic=ratio_of_medians, better="", unit="ratio")


def _tokens(name: str, column: str, about: str) -> Figure:
    return Figure(name, (column,), about, statistic=median, better="", unit="tokens")


def _rate(name: str, column: str, about: str) -> Figure:
    return Figure(name, (column,), about, statistic=median, unit="per s")


FIGURES = (
    _rate("ingest", "ingest_per_s", "passages: read, cleaned, split, encoded, written, indexed"),
    _rate("encoder alone, ours", "encoder_per_s", "passages, the product's encoder"),
    _rate(
        "encoder alone, plain",
        "plain_encoder_per_s",
        "passages, sentence-transformers' defaults",
    ),
    _ratio("encoder, ours / plain", "encoder_per_s", "plain_encoder_per_s", "over 1: faster"),
    _ratio("ingest / encoder, ours", "ingest_per_s", "encoder_per_s", "at least .85 is aimed at"),
    _ratio("ingest / plain encoder", "ingest_per_s", "plain_encoder_per_s", "over 1: faster"),
    _ms("search, median", "found_ms", "encoded query to ten hits, fused"),
    _late("search, 95th percentile", "found_ms", "the same"),
    _late("with the encoding, 95th percentile", "search_ms", "question to ten hits"),
    _ms("search, just added to", "added_ms", "what was added isn't in the large forms yet"),
    _late("search, just added to, 95th percentile", "added_ms", "the same"),
    _ms("search within a year, median", "year_ms", "a quarter of the passages"),
    _late("search within a year, 95th percentile", "year_ms", "the same"),
    _late("search within a month, 95th percentile", "month_ms", "a 49th"),
    _late("search of an outlet, 95th percentile", "outlet_ms", "a 40th"),
    _ms("encoding the query alone", "encode_ms", "the product's encoder"),
    _ms("FAISS alone", "faiss_ms", "flat index over the same vectors, 100 nearest"),
    _late("FAISS alone, 95th percentile", "faiss_ms", "the same"),
    _ms("FTS5 alone", "fts5_ms", "SQLite's table of the same words, 100 best"),
    _late("FTS5 alone, 95th percentile", "fts5_ms", "the same"),
    _ratio("search / (encoding + FAISS + FTS5)", "search_ms", "both_alone_ms", "under 1: faster"),
    _ms("open", "open_ms", "from the start of a process to a library that is ready"),
    _late("open, 95th percentile", "open_ms", "the same"),
    _ms("first search", "first_ms", "from the start of a process to ten hits"),
    _figure("memory of its own", "own_mb", "of that process, after a search", "MB"),
    _figure("memory, mapped", "mapped_mb", "of files that it has touched", "MB"),
    _figure("disk, all", "disk", "bytes a passage", "number"),
    _figure("disk, the rows with FTS5", "disk_rows", "bytes a passage", "number"),
    _figure("disk, vectors", "disk_vectors", "bytes a passage", "number"),
    _figure("disk, words", "disk_words", "bytes a passage, tantivy's", "number"),
    _figure(
        "recall",
        "recall",
        "measured when the form was built; 1 where all are compared",
        "share",
    ),
    _tokens("prompt", "prompt_tokens", "system prompt, passages, question"),
    _tokens("prompt, read again", "again_read_tokens", "of it, read anew when asked again"),
    _ms("first token", "first_token_ms", "asked for the first time"),
    _ms("first token, asked again", "again_first_token_ms", "its passages were read before"),
    _ms(
        "first token, plain loop",
        "plain_first_token_ms",
        "llama-cpp-python, same passages; without search",
    ),
    _ratio(
        "first token, plain loop / asked again",
        "plain_first_token_ms",
        "again_first_token_ms",
        "what the kept passages save; search is in ours",
    ),
    _ratio(
        "first token, first time / plain loop",
        "first_token_ms",
        "plain_first_token_ms",
        "1: no later; search is in ours",
    ),
    _rate("tokens, written", "tokens_per_s", "after the first"),
    _rate("tokens, plain loop", "plain_tokens_per_s", "after the first"),
    _ratio("writing, ours / plain loop", "tokens_per_s", "plain_tokens_per_s", "over 1: faster"),
    _ms("whole answer", "total_ms", "asked for the first time, checks included"),
    _ms("whole answer, asked again", "again_total_ms", "checks included"),
    _ms("whole answer, plain loop", "plain_total_ms", "no search, no checks"),
    _ratio("again / plain loop", "again_total_ms", "plain_total_ms", "under 1: faster"),
    Figure(
        "memory",
        ("memory_mb",),
        "of the process, baselines' models included",
        statistic=median,
        better="lower",
        unit="MB",
    ),
)
