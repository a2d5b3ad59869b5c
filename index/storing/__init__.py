"""Articles, passages and vectors on disk: SQLite holds the truth, FAISS finds the nearest.

Does not encode, clean or rank.
"""
