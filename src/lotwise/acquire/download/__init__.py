"""Download of files, complete and verified or not at all; independent of any archive."""
