"""From an accession to verified files: downloads, GEO, ENA and references."""
