"""OpenAI's routes: chat completions and responses, whole and streamed.

Shapes only; what is answered isn't decided here.
"""
