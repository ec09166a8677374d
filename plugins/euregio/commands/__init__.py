"""What the `euregio` command offers beside the pipeline: try, sql, quarantine, check, summary."""
