"""Dateline for other programs: OpenAI's routes, the library's, MCP; one application, one model.

Decides nothing about answers: `rag` does, and what is sent is what it has checked.
"""
