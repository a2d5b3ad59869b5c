"""Articles made up for the tests of the library."""

from __future__ import annotations

from datetime import date

from index.article import Article

TOPICS = (
    "gas pipeline talks in the northern port",
    "grain exports by rail to the coast",
    "a new bridge over the wide river",
    "students at the old institute of technology",
    "the price of copper on the exchange",
    "a festival of ice and light in winter",
)


def article(n: int, paragraphs: int = 3, **fields: object) -> Article:
    """Sample `n`: its own number is a word in every paragraph, its topic in every sentence."""
    topic = TOPICS[n % len(TOPICS)]
    text = "\n\n".join(
        f"Report {n} part {part} is about {topic}. It was written about {topic} on day {n}."
        for part in range(paragraphs)
    )
    defaults: dict[str, object] = {
        "id": f"id{n:04d}",
        "title": f"Sample {n}",
        "text": text,
        "source": f"Outlet {n % 3}",
        "published": date(2024, 5, 1 + n % 28),
    }
    return Article(**(defaults | fields))  # type: ignore[arg-type]
