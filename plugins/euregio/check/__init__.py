"""Step 2: expectation suites, compiled to SQL and run."""
