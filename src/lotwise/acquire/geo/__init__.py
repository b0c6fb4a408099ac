"""GEO: addresses of its files and reading of its records; only here GEOparse is imported."""
