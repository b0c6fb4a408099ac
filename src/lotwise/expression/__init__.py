"""Quantifications of any program, read into AnnData at gene and isoform level.

Modules are imported on first use: in every job, the workflow needs only the location of
quantifications.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lotwise.expression.frame import from_frame
    from lotwise.expression.read import Quantification, read_quant
    from lotwise.expression.store import read_level, write_h5ad, write_level
    from lotwise.expression.transcripts import TranscriptMap, read_transcript_map

__all__ = [
    "Quantification",
    "TranscriptMap",
    "from_frame",
    "read_level",
    "read_quant",
    "read_transcript_map",
    "write_h5ad",
    "write_level",
]

_MODULES = {
    "Quantification": "read",
    "TranscriptMap": "transcripts",
    "from_frame": "frame",
    "read_level": "store",
    "read_quant": "read",
    "read_transcript_map": "transcripts",
    "write_h5ad": "store",
    "write_level": "store",
}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(importlib.import_module(f"lotwise.expression.{_MODULES[name]}"), name)
    msg = f"module 'lotwise.expression' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return __all__
