"""The benchmark: `make bench`. It prints and writes figures; no test asserts a time."""
