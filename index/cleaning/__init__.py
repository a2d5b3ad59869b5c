"""Raw text to an Article: furniture off, title, outlet, date and authors found.

Reads no file and fetches nothing.
"""
