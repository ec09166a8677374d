"""What would change, before it does: a batch rehearsed in the layer, and what a changed declaration touches."""
