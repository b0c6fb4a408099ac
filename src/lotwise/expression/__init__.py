"""Quantifications of any program as AnnData at gene and at isoform level."""

from lotwise.expression.read import Quantification, read_quant
from lotwise.expression.store import read_level, write_level
from lotwise.expression.transcripts import TranscriptMap, read_transcript_map

__all__ = [
    "Quantification",
    "TranscriptMap",
    "read_level",
    "read_quant",
    "read_transcript_map",
    "write_level",
]
