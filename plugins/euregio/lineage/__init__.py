"""What a run tells a lineage server: OpenLineage events with facets of our own for verdicts and policy."""
