"""GEO: where its files are, what its records say; GEOparse is imported nowhere else."""
