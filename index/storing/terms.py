"""The words of a library as its lexical index holds them: folded, without accents and endings."""

from __future__ import annotations

from index.storing.database import Database, placeholders


def vocabulary(lexicon: Database) -> dict[str, int]:
    """Every term, and how many passages have it. Reads the whole lexical index."""
    db = lexicon
    db.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'words', 'row')")
    try:
        return dict(db.execute("SELECT term, doc FROM vocabulary"))
    finally:
        db.execute("DROP TABLE temp.vocabulary")


def passages_with(db: Database, lexicon: Database, term: str, most: int) -> list[str]:
    """Title, heading and text of the first passages that have a term, each as one text. `lexicon`
    has the table of words: the rows themselves, or what lies beside them."""
    lexicon.execute("CREATE VIRTUAL TABLE temp.places USING fts5vocab('main', 'words', 'instance')")
    try:
        numbers = lexicon.execute(
            "SELECT DISTINCT doc FROM places WHERE term = ? LIMIT ?", [term, most]
        ).fetchall()
    finally:
        lexicon.execute("DROP TABLE temp.places")
    found = db.execute(
        'SELECT a.title, p.heading, t.text, p.start, p."end" FROM passages p'  # noqa: S608
        " JOIN articles a ON a.n = p.article JOIN texts t ON t.article = a.n"
        f" WHERE p.n IN ({placeholders(numbers)}) ORDER BY p.n",
        [n for (n,) in numbers],
    ).fetchall()
    return [f"{title}\n{heading}\n{text[start:end]}" for title, heading, text, start, end in found]
