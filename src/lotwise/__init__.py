"""lotwise: do these manufacturing batches have the same transcriptome?

``import lotwise`` is fast: each part is loaded when it is first used. The parts follow scanpy:
:mod:`lotwise.pp`, :mod:`lotwise.tl`, :mod:`lotwise.pl`, :mod:`lotwise.get`,
:func:`lotwise.read_quant` and :func:`lotwise.from_frame`. :func:`lotwise.compare` runs a whole
comparison. :func:`lotwise.titrate` mixes another expression profile into samples and finds the
smallest share that acceptance criteria detect. :mod:`lotwise.simulate` simulates batches with
known changes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lotwise import datasets, get, metrics, outofcore, panels, pl, pp, simulate, tl
    from lotwise.expression import from_frame, read_quant
    from lotwise.run.comparison import compare
    from lotwise.run.profile import profile_of
    from lotwise.run.titration import titrate

__all__ = [
    "__version__",
    "compare",
    "datasets",
    "from_frame",
    "get",
    "metrics",
    "outofcore",
    "panels",
    "pl",
    "pp",
    "profile_of",
    "read_quant",
    "simulate",
    "titrate",
    "tl",
]

_MODULES = frozenset(
    {"datasets", "get", "metrics", "outofcore", "panels", "pl", "pp", "simulate", "tl"}
)

_RUN = {"compare": "comparison", "profile_of": "profile", "titrate": "titration"}


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"lotwise.{name}")
    if name in {"from_frame", "read_quant"}:
        return getattr(importlib.import_module("lotwise.expression"), name)
    if name in _RUN:
        return getattr(importlib.import_module(f"lotwise.run.{_RUN[name]}"), name)
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("lotwise")
    msg = f"module 'lotwise' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
