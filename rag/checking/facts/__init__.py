"""What a text states that can be compared: amounts, days, words, sentences. Pure.

Knows no passage, claim or model.
"""
