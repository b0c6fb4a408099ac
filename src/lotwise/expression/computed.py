"""The features and labels from which a result was computed, so that it is never used for others."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.labels import labels_of
from lotwise.expression.noted import noted, noting

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_NUMBER: Final = "n_features"
_CHECKSUM: Final = "checksum"
_LABELS: Final = "labels"


def note_origin(expression: AnnData, name: str) -> None:
    """Record the features and labels of ``expression`` as those of the result ``name``."""
    kept = noting(expression)
    kept.setdefault(keys.COMPUTED_OVER, {})[name] = {
        _NUMBER: expression.n_vars,
        _CHECKSUM: _checksum(expression),
        _LABELS: np.array(_label_checksums(expression), dtype=np.uint32),
    }


def require_features(expression: AnnData, name: str, *, tool: str) -> None:
    """Raise an error if a result was computed over other features than ``expression`` has.

    A subset of the features keeps the results of all features in ``uns`` and ``obsp``. Results of
    older versions, which do not record their features, are accepted.

    Raises
    ------
    InputError
        The features differ.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> require_features(gene[:, :100], "pairs", tool="lotwise.tl.correlate")
    Traceback (most recent call last):
    lotwise.errors.InputError: 'pairs' was computed from 300 features, but the AnnData now has 100;
        call lotwise.tl.correlate again
    """
    found = noted(expression).get(keys.COMPUTED_OVER, {}).get(name)
    if found is None:
        return
    n, now = int(found[_NUMBER]), expression.n_vars
    remedy = f"call {tool} again"
    if n != now:
        raise InputError(
            f"{name!r} was computed from {n:,} features, but the AnnData now has {now:,}",
            remedy=remedy,
        )
    if int(found[_CHECKSUM]) != _checksum(expression):
        raise InputError(
            f"{name!r} was computed from other features than those now in the AnnData",
            remedy=remedy,
        )


def require_same_labels(expression: AnnData, name: str, *, tool: str) -> None:
    """Raise an error if samples have another batch or condition than when a result was computed.

    For tables without samples; :func:`require_labels` names both labels where the table has them.
    A subset of the samples is accepted, and so are results that do not record their labels.

    Raises
    ------
    InputError
        The message names a sample.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.variance(gene)
    >>> gene.obs["batch"] = ["lot1", "lot2", "lot2"]
    >>> lotwise.get.evidence(gene, "variance")
    Traceback (most recent call last):
    lotwise.errors.InputError: 'variance' was computed when sample 'lot3' had another batch or
        condition; call lotwise.tl.variance again
    """
    found = noted(expression).get(keys.COMPUTED_OVER, {}).get(name, {}).get(_LABELS)
    if found is None:
        return
    then = {*np.asarray(found).tolist()}
    for sample, now in zip(expression.obs_names, _label_checksums(expression), strict=True):
        if now not in then:
            raise InputError(
                f"{name!r} was computed when sample {sample!r} had another batch or condition",
                remedy=f"call {tool} again",
            )


def require_labels(expression: AnnData, table: pd.DataFrame, *, name: str, tool: str) -> None:
    """Raise an error if samples had another batch or condition when a table was computed.

    Which pairs are replicates, and what is compared with what, depends on these labels.

    Raises
    ------
    InputError
        The message names a sample and both labels.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> gene.obs["batch"] = ["lot1", "lot2", "lot2"]
    >>> lotwise.get.pairs(gene)
    Traceback (most recent call last):
    lotwise.errors.InputError: 'pairs' was computed when sample 'lot3' had batch 'lot3', but now it
        has 'lot2'; call lotwise.tl.correlate again
    """
    for end in ("", "_a", "_b"):
        for column in (keys.BATCH, keys.CONDITION):
            if f"sample{end}" not in table or f"{column}{end}" not in table:
                continue
            if column not in expression.obs and column == keys.BATCH:
                continue
            now = _labels_or_none(expression, column)
            label_of = dict(zip(expression.obs_names, now, strict=True))
            known = table[[f"sample{end}", f"{column}{end}"]].drop_duplicates()
            for sample, then in known.itertuples(index=False):
                label = str(then) if isinstance(then, str) else ""
                if sample in label_of and label_of[sample] != label:
                    raise InputError(
                        f"{name!r} was computed when sample {sample!r} had {column} {label!r}, "
                        f"but now it has {label_of[sample]!r}",
                        remedy=f"call {tool} again",
                    )


def require_correlated(expression: AnnData) -> None:
    """Raise an error if the correlations in ``obsp`` are of other features or samples.

    Correlations not computed by :func:`lotwise.tl.correlate` are accepted.

    Raises
    ------
    InputError
        The features or samples differ.
    """
    tool = "lotwise.tl.correlate"
    require_features(expression, keys.PAIRS, tool=tool)
    table = noted(expression).get(keys.PAIRS)
    if table is None:
        return
    others = set(expression.obs_names) - {*table["sample_a"], *table["sample_b"]}
    if others:
        raise InputError(
            f"R was computed without sample {min(others)!r}",
            remedy=f"call {tool} again",
        )


def _labels_or_none(expression: AnnData, column: str) -> list[str]:
    return labels_of(expression, column) if column in expression.obs else [""] * expression.n_obs


def _label_checksums(expression: AnnData) -> list[int]:
    labels = [_labels_or_none(expression, column) for column in (keys.BATCH, keys.CONDITION)]
    names = map(str, expression.obs_names)
    return [zlib.crc32("\n".join(one).encode()) for one in zip(names, *labels, strict=True)]


def _checksum(expression: AnnData) -> int:
    names = expression.var_names.tolist()
    try:
        joined = "\n".join(names)
    except TypeError:  # names that are no strings
        joined = "\n".join(map(str, names))
    return zlib.crc32(joined.encode())
