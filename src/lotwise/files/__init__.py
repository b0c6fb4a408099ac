"""Files on disk: atomic writes, tables, YAML."""
