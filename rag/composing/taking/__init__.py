"""What is taken from passages: which speak of it, which of their sentences and items tell most.

Composes no answer.
"""
