"""The models that models.txt names: found, fetched, checked by hash.

Runs none of them.
"""
