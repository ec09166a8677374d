"""Euregio: a cross-border data layer for digital twins."""

__version__ = "0.1.0"
