"""Articles in, passages found: a library on disk, and its search.

Knows nothing of language models, questions or pages.
"""
