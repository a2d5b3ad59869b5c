"""An article's text to sentences and passages, with their offsets and lengths in tokens.

Never changes a character.
"""
