"""Fetchers: bytes of a publisher, by HTTP or from a folder."""
