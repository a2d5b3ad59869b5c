"""What has changed: what is new, what articles said before, which answers rested on that.

Asks no server for anything: `index.following` does.
"""
