"""The features and labels from which a result was computed, so that it is never used for others."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.given import require_anndata
from lotwise.expression.labels import labels_of
from lotwise.expression.layers import layer_of
from lotwise.expression.noted import noted, noting

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

_NUMBER: Final = "n_features"
_CHECKSUM: Final = "checksum"
# Labels that only some statistics use, besides batch and condition.
_DESIGN: Final = (keys.DONOR, keys.PHASE)
_GROUPS: Final = "groups"
_VALUES: Final = "values"
_LAYER: Final = "layer"


def note_origin(expression: AnnData, name: str, *, layer: str = keys.TPM) -> None:
    """Record features, labels and values of ``expression`` as those of the result ``name``."""
    kept = noting(expression)
    origin = {
        _NUMBER: expression.n_vars,
        _CHECKSUM: _checksum(expression),
        _GROUPS: _label_checksums(expression, keys.BATCH, keys.CONDITION),
        **{column: _label_checksums(expression, column) for column in _DESIGN},
    }
    if layer in expression.layers:
        origin |= {_LAYER: layer, _VALUES: _value_checksums(expression, layer)}
    kept.setdefault(keys.COMPUTED_OVER, {})[name] = origin


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
            f"{name!r} was computed from other features, or from the features in another order",
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
    lotwise.errors.InputError: 'variance' was computed before the name, batch or condition of
        sample 'lot3' was changed; call lotwise.tl.variance again
    """
    labels = _label_checksums(expression, keys.BATCH, keys.CONDITION)
    _require_known(expression, name, _GROUPS, labels, tool=tool, words="name, batch or condition")
    for column in design:
        labels = _label_checksums(expression, column)
        _require_known(expression, name, column, labels, tool=tool, words=column)
    require_values(expression, name, tool=tool)


def require_values(expression: AnnData, name: str, *, tool: str) -> None:
    """Raise an error if the values of a sample were changed since a result was computed.

    Raises
    ------
    InputError
        The message names a sample. Or the layer no longer exists.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.correlate(gene)
    >>> gene.layers["tpm"][1] *= 2
    >>> lotwise.get.matrix(gene)
    Traceback (most recent call last):
    lotwise.errors.InputError: 'pairs' was computed before the layer 'tpm' of sample 'lot2' was
        changed; call lotwise.tl.correlate again
    """
    layer = noted(expression).get(keys.COMPUTED_OVER, {}).get(name, {}).get(_LAYER)
    if layer is not None:
        values = _value_checksums(expression, layer)
        _require_known(expression, name, _VALUES, values, tool=tool, words=f"layer {str(layer)!r}")


def _require_known(
    expression: AnnData,
    name: str,
    part: str,
    checksums: npt.NDArray[np.uint32],
    *,
    tool: str,
    words: str,
) -> None:
    """Raise an error if the checksum of a sample is not among those that were recorded."""
    found = noted(expression).get(keys.COMPUTED_OVER, {}).get(name, {}).get(part)
    changed = np.zeros(1) if found is None else ~np.isin(checksums, found)
    if changed.any():
        sample = expression.obs_names[int(np.argmax(changed))]
        raise InputError(
            f"{name!r} was computed before the {words} of sample {sample!r} was changed",
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
    lotwise.errors.InputError: 'pairs' was computed when sample 'lot3' had batch 'lot3', but now
        the sample has 'lot2'; call lotwise.tl.correlate again
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


def stored_table(expression: AnnData, name: str, *, tool: str) -> pd.DataFrame:
    """Return a copy of a table of these features.

    Raises
    ------
    InputError
        There is no such table, or the features differ.
    """
    found = noted(expression).get(name)
    if found is None:
        raise InputError(f"the AnnData has no table {name!r}", remedy=f"call {tool} first")
    require_features(expression, name, tool=tool)
    table: pd.DataFrame = found.reset_index(drop=True)
    return table


def correlations_of(expression: AnnData, statistic: str = keys.PEARSON) -> npt.NDArray[np.float64]:
    """Return a square matrix of ``obsp``.

    Correlations not computed by :func:`lotwise.tl.correlate` are accepted.

    Raises
    ------
    InputError
        There is none, or the features, samples or values differ. Or it is sparse: after
        ``anndata.concat(pairwise=True)``, R between the parts is missing.
    """
    tool = "lotwise.tl.correlate"
    require_anndata(expression)
    if statistic not in expression.obsp:
        raise InputError(f"the AnnData has no {statistic!r} in obsp", remedy=f"call {tool} first")
    require_features(expression, keys.PAIRS, tool=tool)
    table = noted(expression).get(keys.PAIRS)
    if table is not None:
        others = set(expression.obs_names) - {*table["sample_a"], *table["sample_b"]}
        if others:
            raise InputError(
                f"R was computed without sample {min(others)!r}", remedy=f"call {tool} again"
            )
    found = expression.obsp[statistic]
    if not isinstance(found, np.ndarray):
        raise InputError(
            f"obsp[{statistic!r}] is not a full matrix; possible cause: anndata.concat joined "
            "several AnnData objects and did not compute R between them",
            remedy=f"call {tool} again",
        )
    require_values(expression, keys.PAIRS, tool=tool)
    return found


def _labels_or_none(expression: AnnData, column: str) -> list[str]:
    return labels_of(expression, column) if column in expression.obs else [""] * expression.n_obs


def _value_checksums(expression: AnnData, layer: str) -> npt.NDArray[np.uint32]:
    """Return a checksum of name and values of each sample; as float32, as they are stored."""
    sums = _checksums(expression.obs_names)
    return np.array(
        [
            zlib.crc32(np.ascontiguousarray(sample, dtype=np.float32).data, start)
            for sample, start in zip(layer_of(expression, layer), sums.tolist(), strict=True)
        ],
        dtype=np.uint32,
    )


def _label_checksums(expression: AnnData, *columns: str) -> npt.NDArray[np.uint32]:
    labels = [_labels_or_none(expression, column) for column in columns]
    return _checksums(expression.obs_names, *labels)


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
