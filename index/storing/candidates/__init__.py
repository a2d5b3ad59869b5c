"""Passages found by vector and by words, each with a score. Derived from the rows of
`index.storing`, never the truth; fuses nothing and reads no article."""
