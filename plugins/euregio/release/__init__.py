"""Step 4: the gate from a zone into the shared layer, and the one write through it."""
