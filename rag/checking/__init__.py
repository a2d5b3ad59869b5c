"""A sentence to its quote, its verdict, and what speaks against it.

Writes nothing that is shown.
"""
