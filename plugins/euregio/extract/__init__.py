"""Step 1: bytes in, landed unchanged, decoded."""
