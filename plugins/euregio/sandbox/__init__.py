"""Simulated national publishers, served over HTTP, with known truth."""
