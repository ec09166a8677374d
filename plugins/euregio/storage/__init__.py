"""Where data lies: zones of the countries, the shared layer, and the DuckDB connections to them."""
