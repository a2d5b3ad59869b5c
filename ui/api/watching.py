"""What can be watched: figures for Prometheus, a line a question, spans. No texts unless asked for.

One `Watch` an application, with a registry of its own.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter as Count
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from rag.answer import Answer
from rag.service import QueueFull

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100)

Format = Literal["text", "json", "none"]
log = logging.getLogger(__name__)


class Asked:
    """One question, from when it came until its answer is there, or not."""

    def __init__(self, route: str, library: str, who: str, question: str) -> None:
        self.route = route
        self.library = library
        self.who = who
        self.question = question
        self.began = time.perf_counter()
        self.queue_s: float | None = None
        self.answer: Answer | None = None

    def begins(self) -> None:
        """Its turn has come."""
        if self.queue_s is None:
            self.queue_s = time.perf_counter() - self.began

    def answered(self, answer: Answer) -> None:
        self.begins()
        self.answer = answer


class Watch:
    """`format` says what a line a question looks like on `stream` (standard error), `texts`
    whether the question and its answer stand in it. For one event loop."""

    def __init__(
        self, format: Format = "none", *, texts: bool = False, stream: IO[str] | None = None
    ) -> None:
        self.format = format
        self.texts = texts
        self._stream = stream
        self.registry = CollectorRegistry()
        self._open = 0
        new = self.registry
        self._questions = Counter(
            "dateline_questions",
            "Questions by what became of them: answered, abstained, stopped, refused, failed.",
            ["library", "outcome"],
            registry=new,
        )
        self._sentences = Counter(
            "dateline_sentences", "Sentences written, by verdict.", ["verdict"], registry=new
        )
        self._seconds = Histogram(
            "dateline_seconds",
            "Seconds of a question by stage; stages overlap, 'total' holds all but 'queue'.",
            ["stage"],
            buckets=SECONDS,
            registry=new,
        )
        self._tokens = Counter(
            "dateline_tokens",
            "Tokens of prompts that were read or came from the cache, and tokens written.",
            ["kind"],
            registry=new,
        )
        asking = Gauge(
            "dateline_asking", "Questions under way or waiting for their turn.", registry=new
        )
        asking.set_function(lambda: self._open)
        self._tracer = _tracer()

    @contextmanager
    def asking(self, asked: Asked) -> Iterator[Asked]:
        """Around one question, whatever becomes of it."""
        self._open += 1
        failed: BaseException | None = None
        try:
            yield asked
        except BaseException as error:
            failed = error
            raise
        finally:
            self._open -= 1
            try:
                self._over(asked, failed)
            except Exception:  # no answer is lost for its log line
                log.exception("a question couldn't be written down")

    def page(self) -> bytes:
        return generate_latest(self.registry)

    def _over(self, asked: Asked, failed: BaseException | None) -> None:
        answer, outcome = asked.answer, _outcome(asked.answer, failed)
        total = time.perf_counter() - asked.began
        stages: dict[str, float] = {}
        if asked.queue_s is not None:
            stages["queue"] = asked.queue_s
        verdicts: Count[str] = Count()
        if answer is not None:
            verdicts = Count(claim.verdict for claim in answer.claims)
            times = answer.timings
            stages |= {"search": times.search_s, "checks": times.checks_s, "total": times.total_s}
            if times.first_token_s is not None:
                stages["first_token"] = times.first_token_s
            tokens = answer.tokens
            self._tokens.labels("read").inc(max(0, tokens.prompt - tokens.reused))
            self._tokens.labels("reused").inc(tokens.reused)
            self._tokens.labels("written").inc(tokens.generated)
        self._questions.labels(asked.library, outcome).inc()
        for verdict, count in verdicts.items():
            self._sentences.labels(verdict).inc(count)
        for stage, seconds in stages.items():
            self._seconds.labels(stage).observe(seconds)
        line: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "route": asked.route,
            "library": asked.library,
            "token": asked.who or None,
            "outcome": outcome,
            "seconds": round(total, 3),
            "stages": {name: round(value, 3) for name, value in stages.items()},
            "verdicts": dict(verdicts),
        }
        if answer is not None:
            tokens = answer.tokens
            line["tokens"] = {
                "prompt": tokens.prompt,
                "reused": tokens.reused,
                "generated": tokens.generated,
            }
            line["conflicts"] = len(answer.conflicts)
        if failed is not None and outcome in ("failed", "refused"):
            line["error"] = type(failed).__name__
        if self._tracer:
            self._tracer(line, total)
        if self.texts:
            line["question"] = asked.question
            line["answer"] = None if answer is None else answer.text
        self._write(line)

    def _write(self, line: dict[str, Any]) -> None:
        if self.format == "none":
            return
        stream = self._stream or sys.stderr
        if self.format == "json":
            text = json.dumps(line, ensure_ascii=False)
        else:
            text = f"{line['time']} {line['route']} {line['library']} {line['outcome']}"
            text += f" {line['seconds']:.1f} s"
            if self.texts:
                text += f" {line['question']!r}"
        print(text, file=stream, flush=True)


def _outcome(answer: Answer | None, failed: BaseException | None) -> str:
    if answer is not None:
        return "abstained" if answer.abstained else "answered"
    if isinstance(failed, QueueFull):
        return "refused"
    if isinstance(failed, Exception) and getattr(failed, "code", None) != "stopped":
        return "failed"
    return "stopped"  # whoever asked is gone


def _tracer() -> Callable[[dict[str, Any], float], None] | None:
    """Writes a span a question, where OpenTelemetry is installed; its user configures it."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    tracer = trace.get_tracer("dateline")

    def write(line: dict[str, Any], seconds: float) -> None:
        end = time.time_ns()
        span = tracer.start_span("dateline.question", start_time=end - int(seconds * 1e9))
        for name in ("route", "library", "outcome"):
            span.set_attribute(f"dateline.{name}", line[name])
        for group in ("stages", "verdicts", "tokens"):
            for name, value in line.get(group, {}).items():
                span.set_attribute(f"dateline.{group}.{name}", value)
        span.end(end_time=end)

    return write
