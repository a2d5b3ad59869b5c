"""Question and conversation to what is searched for.

Writes no answer and checks none.
"""
