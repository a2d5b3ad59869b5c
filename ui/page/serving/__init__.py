"""The web server around the page: who may come in, and with what.

Knows no question and no answer.
"""
