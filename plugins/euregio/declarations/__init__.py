"""What is declared: datasets, tables, regions, profiles and formats; read and validated once."""
