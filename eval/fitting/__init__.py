"""What fits weights or chooses a setting; each module is a command of its own.

What ships is measured by `eval.suites`.
"""
