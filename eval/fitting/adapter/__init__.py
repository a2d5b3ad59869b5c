"""Makes the reader-and-judge adapter: data, drafts, training, export, measures (see README.md).

A workshop: nothing that ships imports it. What an answer is made of with the adapter is `rag`'s.
"""
