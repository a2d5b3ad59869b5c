"""The base model in plain torch: read from its GGUF file, read in blocks, written with, trained.

Knows tokens and blocks of tokens; not what they say.
"""
