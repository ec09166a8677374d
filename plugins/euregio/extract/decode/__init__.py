"""Decoders: the bytes of one wire format to records, as a DuckDB relation."""
