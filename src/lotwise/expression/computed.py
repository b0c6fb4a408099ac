"""Which features a result was computed over, so that one of other features is never shown."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.noted import noted, noting

if TYPE_CHECKING:
    from anndata import AnnData

_NUMBER: Final = "n_features"
_CHECKSUM: Final = "checksum"


def note_features(expression: AnnData, name: str) -> None:
    """Note that the result ``name`` was computed over the features of ``expression``."""
    kept = noting(expression)
    kept.setdefault(keys.COMPUTED_OVER, {})[name] = {
        _NUMBER: expression.n_vars,
        _CHECKSUM: _checksum(expression),
    }


def require_features(expression: AnnData, name: str, *, tool: str) -> None:
    """Refuse a result that was computed over other features than ``expression`` has.

    A subset of the features takes the results of all over with ``uns`` and ``obsp``. A result
    of an older version, which does not say what it was computed over, passes.

    Raises
    ------
    InputError
        The features are others.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> require_features(gene[:, :100], "pairs", tool="lotwise.tl.correlate")
    Traceback (most recent call last):
    lotwise.errors.InputError: 'pairs' was computed over 300 features, the AnnData has 100; call
        lotwise.tl.correlate again
    """
    found = noted(expression).get(keys.COMPUTED_OVER, {}).get(name)
    if found is None:
        return
    n, now = int(found[_NUMBER]), expression.n_vars
    remedy = f"call {tool} again"
    if n != now:
        raise InputError(
            f"{name!r} was computed over {n:,} features, the AnnData has {now:,}", remedy=remedy
        )
    if int(found[_CHECKSUM]) != _checksum(expression):
        raise InputError(
            f"{name!r} was computed over other features than the AnnData has", remedy=remedy
        )


def require_correlated(expression: AnnData) -> None:
    """Refuse correlations in ``obsp`` that are of other features or samples.

    Correlations that :func:`lotwise.tl.correlate` did not compute pass.

    Raises
    ------
    InputError
        The features or samples are others.
    """
    tool = "lotwise.tl.correlate"
    require_features(expression, keys.PAIRS, tool=tool)
    table = noted(expression).get(keys.PAIRS)
    if table is None:
        return
    others = set(expression.obs_names) - {*table["sample_a"], *table["sample_b"]}
    if others:
        raise InputError(
            f"R was computed for other samples: {min(others)} is not among them",
            remedy=f"call {tool} again",
        )


def _checksum(expression: AnnData) -> int:
    return zlib.crc32("\n".join(map(str, expression.var_names)).encode())
