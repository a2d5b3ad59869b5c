"""From contexts (passages with questions or claims) to training examples, as text.

Pure: everything that is drawn is drawn from a `random.Random` that is given. Knows no tokens and
no model.
"""
