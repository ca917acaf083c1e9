"""Public reference tables: classifications that belong to nobody's record."""
