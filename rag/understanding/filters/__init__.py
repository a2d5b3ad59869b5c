"""The times and outlets that a question names, as a filter, and the days that sentences name.

Searches nothing.
"""
