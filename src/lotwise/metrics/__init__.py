"""Statistics on plain arrays: numbers out, no AnnData, no pandas, no figures."""
