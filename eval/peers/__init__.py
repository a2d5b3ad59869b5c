"""Dateline beside another program that answers with citations: `python -m eval.peers`.

llamaindex   the other program, as a script for its own interpreter; imports nothing of ours
environment  that interpreter: a virtual environment in the user's cache folder
process      talking with the script
judging      what an answer is worth, the same for both; pure
run          the questions, asked of both in turn, and the table
"""
