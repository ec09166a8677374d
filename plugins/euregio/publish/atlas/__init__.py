"""The atlas: one self-contained page of regions and indicators."""
