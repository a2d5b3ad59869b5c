"""The words of a library as its lexical index holds them: folded, without accents and endings."""

from __future__ import annotations

from index.storing.database import Database


def vocabulary(db: Database) -> dict[str, int]:
    """Every term, and how many passages have it. Reads the whole lexical index."""
    db.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'words', 'row')")
    try:
        return dict(db.execute("SELECT term, doc FROM vocabulary"))
    finally:
        db.execute("DROP TABLE temp.vocabulary")


def passages_with(db: Database, term: str, most: int) -> list[str]:
    """Title, heading and text of the first passages that have a term, each as one text."""
    db.execute("CREATE VIRTUAL TABLE temp.places USING fts5vocab('main', 'words', 'instance')")
    try:
        found = db.execute(
            'SELECT a.title, p.heading, substr(t.text, p.start + 1, p."end" - p.start)'
            " FROM (SELECT DISTINCT doc FROM places WHERE term = ? LIMIT ?) w"
            " JOIN passages p ON p.n = w.doc JOIN articles a ON a.n = p.article"
            " JOIN texts t ON t.article = a.n ORDER BY p.n",
            [term, most],
        ).fetchall()
    finally:
        db.execute("DROP TABLE temp.places")
    return ["\n".join(parts) for parts in found]
