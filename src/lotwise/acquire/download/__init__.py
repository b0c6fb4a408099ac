"""Files fetched whole and verified, or not at all; knows no archive."""
