"""A Writer elsewhere: any server that speaks OpenAI's protocol, and what has to be kept from it.

Checks nothing that it writes: the Judge stays on this machine.
"""
