"""What a person named (a file, a folder, an address, a feed) to text and fields.

Does not decide what of the text is the article: that is `index.cleaning`.
"""
