"""The record of a run: ``provenance.json`` in the folder of the results."""
