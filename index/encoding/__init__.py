"""Texts to unit vectors.

Knows nothing of articles, and fetches no model.
"""
