"""What a person follows: feeds, news sitemaps and folders, asked again and again, politely.

Reads nothing by itself (`index.reading` does, in its guarded process), and never removes an article
that nobody asked to remove: what vanished at its source is marked.
"""
