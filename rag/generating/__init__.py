"""The language model on this machine: prompts read through the passage cache, text and
probabilities out.

Decides nothing about what is shown.
"""
