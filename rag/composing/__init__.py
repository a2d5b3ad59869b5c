"""A kind of question to its answer: which passages are read, what is taken from them.

Decides no kind, and checks nothing itself.
"""
