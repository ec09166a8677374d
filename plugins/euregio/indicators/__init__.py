"""Indicators: their registry, their run, and the trace of each value."""
