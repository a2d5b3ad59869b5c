"""The chat page: its tabs, what they do, the real backend.

Makes no HTML (`rendering`) and guards no door (`serving`).
"""
