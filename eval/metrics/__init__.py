"""Metrics, one family a file, each with its formula and its source. Pure functions."""
