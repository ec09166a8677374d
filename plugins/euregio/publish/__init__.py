"""What leaves the layer for people: the atlas."""
