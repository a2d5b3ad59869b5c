"""Answers, articles and filters to HTML and text. Pure.

Knows no framework, and everything is escaped.
"""
