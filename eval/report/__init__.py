"""A run's figures to a report and a comparison.

Measures nothing.
"""
