"""The command line.

Decides nothing about answers; what is heavy loads when a command needs it.
"""
