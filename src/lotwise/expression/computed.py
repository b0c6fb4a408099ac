"""The features and labels from which a result was computed, so that it is never used for others."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.labels import labels_of
from lotwise.expression.noted import noted, noting

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_NUMBER: Final = "n_features"
_CHECKSUM: Final = "checksum"
# Labels that only some statistics use, besides batch and condition.
_DESIGN: Final = (keys.DONOR, keys.PHASE)
_SAMPLES: Final = "samples"
# Values of a sample of which the checksum is taken.
_FEW: Final = 512


def note_origin(expression: AnnData, name: str) -> None:
    """Record features, samples and labels of ``expression`` as those of the result ``name``."""
    kept = noting(expression)
    kept.setdefault(keys.COMPUTED_OVER, {})[name] = {
        _NUMBER: expression.n_vars,
        _CHECKSUM: _checksum(expression),
        _SAMPLES: _sample_checksums(expression),
        **{column: _label_checksums(expression, column) for column in _DESIGN},
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


def require_samples(
    expression: AnnData, name: str, *, tool: str, design: Sequence[str] = ()
) -> None:
    """Raise an error if samples differ from those from which a result was computed.

    Name, batch, condition and values of each sample must be the same, and the labels in
    ``design``, too. :func:`require_labels` names both labels where a table has them. A subset of
    the samples is accepted, and so are results that do not record their samples.

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
    lotwise.errors.InputError: 'variance' was computed before the batch, condition or values of
        sample 'lot3' were changed; call lotwise.tl.variance again
    """
    found = noted(expression).get(keys.COMPUTED_OVER, {}).get(name, {})
    made = {_SAMPLES: ("batch, condition or values", _sample_checksums)} | {
        column: (column, partial(_label_checksums, column=column)) for column in design
    }
    for part, (words, checksums) in made.items():
        if part not in found:
            continue
        changed = ~np.isin(checksums(expression), found[part])
        if changed.any():
            sample = expression.obs_names[int(np.argmax(changed))]
            raise InputError(
                f"{name!r} was computed before the {words} of sample {sample!r} were changed",
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
                        f"but now the sample has {label_of[sample]!r}",
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


def _sample_checksums(expression: AnnData) -> npt.NDArray[np.uint32]:
    labels = [_labels_or_none(expression, column) for column in (keys.BATCH, keys.CONDITION)]
    sums = _checksums(expression.obs_names, *labels)
    if keys.TPM not in expression.layers:
        return sums
    some = np.unique(np.linspace(0, expression.n_vars - 1, _FEW).astype(int))
    values = expression.layers[keys.TPM][:, some]
    dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    rows = np.ascontiguousarray(dense, dtype=np.float32)
    return np.array(
        [zlib.crc32(row.tobytes(), start) for row, start in zip(rows, sums.tolist(), strict=True)],
        dtype=np.uint32,
    )


def _label_checksums(expression: AnnData, column: str) -> npt.NDArray[np.uint32]:
    return _checksums(expression.obs_names, _labels_or_none(expression, column))


def _checksums(*texts: Iterable[object]) -> npt.NDArray[np.uint32]:
    joined = ("\n".join(map(str, one)) for one in zip(*texts, strict=True))
    return np.array([zlib.crc32(one.encode()) for one in joined], dtype=np.uint32)


def _checksum(expression: AnnData) -> int:
    names = expression.var_names.tolist()
    try:
        joined = "\n".join(names)
    except TypeError:  # names that are no strings
        joined = "\n".join(map(str, names))
    return zlib.crc32(joined.encode())
