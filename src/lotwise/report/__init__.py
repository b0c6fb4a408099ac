"""The report: one self-contained page that starts with the answer."""
