"""A question among others: what it leans on, what it points at, the several that it may ask.

Decides no kind, and writes nothing itself.
"""
