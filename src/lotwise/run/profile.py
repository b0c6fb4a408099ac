"""Profiles that a titration mixes in: samples, accepted batches, or a table of TPM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from lotwise import keys
from lotwise.accepted import read_accepted
from lotwise.errors import InputError
from lotwise.expression.given import require_levels
from lotwise.expression.identifiers import plain_names, split_appended, strip_versions, unwrap
from lotwise.expression.labels import batches_of, labels_of
from lotwise.expression.layers import tpm_of
from lotwise.keys import Level
from lotwise.metrics.moments import FloatArray
from lotwise.wording import nearest

if TYPE_CHECKING:
    from anndata import AnnData


class ExpressionProfile(NamedTuple):
    """The profile to mix in: TPM for the features of each level, and its name.

    ``own`` are the batches that consist of the cells of the profile. It is not mixed into them.
    """

    name: str
    tpm: Mapping[Level, FloatArray]
    own: frozenset[str] = frozenset()


def profile_of(
    expression: Mapping[Level, AnnData],
    *,
    sample: str | None = None,
    condition: str | None = None,
    accepted: Path | str | None = None,
    table: Path | str | None = None,
) -> ExpressionProfile:
    """Return the profile of a sample, a condition, accepted batches (mean TPM) or a table of TPM.

    Parameters
    ----------
    expression
        Samples x features by level.
    sample, condition, accepted, table
        One of the four: the name of a sample or of a condition, the file of a set of accepted
        batches, or a table. A table has the features in its first column, and TPM in the column
        TPM or in the second of two columns. Genes of a table or set of isoforms are sums of their
        isoforms.

    Raises
    ------
    InputError
        Not exactly one of the four, an unknown name, or a table or set that shares few features.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> profile_of({"gene": gene}, sample="lot1").name
    'sample lot1'
    """
    require_levels(expression)
    if sum(given is not None for given in (sample, condition, accepted, table)) != 1:
        raise InputError(
            "give one profile to mix in: a sample, a condition, accepted batches or a table of TPM"
        )
    if accepted is not None:
        path = Path(accepted)
        return _profile_of_features(expression, _accepted_tpm(path), path=path)
    if table is not None:
        path = Path(table)
        return _profile_of_features(expression, _tpm_of_table(path), path=path)
    found: dict[Level, FloatArray] = {}
    own: frozenset[str] = frozenset()
    for level, data in expression.items():
        tpm = tpm_of(data)
        if sample is not None:
            chosen = np.asarray(data.obs_names == sample)
            known = data.obs_names.to_list()
        else:
            labels = labels_of(data, keys.CONDITION) if keys.CONDITION in data.obs else []
            chosen = np.asarray([label == condition for label in labels], dtype=bool)
            known = list(filter(None, dict.fromkeys(labels)))
            if not known:
                raise InputError(
                    "the samples have no condition (column 'condition' of the sample sheet)",
                    remedy="choose the profile by a sample (--sample), accepted batches "
                    "(--accepted) or a table (--table)",
                )
        if not chosen.any():
            wanted, what = (sample, "sample") if sample is not None else (condition, "condition")
            raise InputError(f"there is no {what} {wanted!r}", remedy=nearest(str(wanted), known))
        found[level] = tpm[chosen].mean(axis=0)
        own = _batches_of_the_cells(data, chosen)
    name = f"sample {sample}" if sample is not None else f"condition {condition}"
    return ExpressionProfile(name, found, own)


def _batches_of_the_cells(expression: AnnData, chosen: npt.NDArray[np.bool_]) -> frozenset[str]:
    """Return the batches that have samples of the same batch and condition as chosen ones only."""
    known = keys.CONDITION in expression.obs
    conditions = labels_of(expression, keys.CONDITION) if known else [""] * expression.n_obs
    groups = list(zip(batches_of(expression), conditions, strict=True))
    same = {group for group, is_chosen in zip(groups, chosen, strict=True) if is_chosen}
    return frozenset(batch for batch, _ in same) - {batch for batch, _ in {*groups} - same}


def _accepted_tpm(path: Path) -> dict[str, float]:
    """Return the mean TPM of the batches of an accepted set, each the mean of its samples."""
    held = read_accepted(path)
    tpm = tpm_of(held)
    batches = np.array(batches_of(held), dtype=object)
    of_batch = [tpm[batches == batch].mean(axis=0) for batch in dict.fromkeys(batches)]
    return dict(zip(held.var_names, np.mean(of_batch, axis=0).tolist(), strict=True))


def _tpm_of_table(path: Path) -> dict[str, float]:
    try:
        read = pl.read_csv(path, separator="\t", infer_schema=False)
        names = read.to_series(0).to_list()
        # A quantifier's own file has lengths in its second column.
        named = [name for name in read.columns if name.lower() == "tpm"]
        column_of_tpm = named[0] if named else read.columns[1]
        if not named and read.width > 2:
            raise InputError(
                f"has {read.width} columns, but none of them is named 'TPM'",
                path=path,
                remedy="name the column 'TPM', or give two columns, for feature and TPM",
            )
        values = read[column_of_tpm].cast(pl.Float64).to_list()
    except (OSError, IndexError, pl.exceptions.PolarsError) as error:
        raise InputError(
            f"is not a table of features and TPM ({' '.join(str(error).split())})",
            path=path,
            remedy="give two columns separated by a tab, for feature and TPM",
        ) from error
    return dict(zip(names, (value or 0.0 for value in values), strict=True))


def _profile_of_features(
    expression: Mapping[Level, AnnData], of_feature: Mapping[str, float], *, path: Path
) -> ExpressionProfile:
    total = sum(of_feature.values())
    plain = pl.Series(list(of_feature), dtype=pl.String)
    of_plain: dict[str, float] = {}
    for name, value in zip(_plain(plain), of_feature.values(), strict=True):
        of_plain[name] = of_plain.get(name, 0.0) + value
    found: dict[Level, FloatArray] = {}
    for level, data in expression.items():
        tpm = _looked_up(of_feature, data.var_names)
        # As between samples, versions are ignored if more features match without them.
        names = _plain(pl.Series(data.var_names.to_list(), dtype=pl.String))
        if not names.is_duplicated().any():
            tpm = max(tpm, _looked_up(of_plain, names), key=np.sum)
        # A table of the other level shares no names; a part of it may be other features.
        if total > 0 and tpm.sum() >= 0.5 * total:
            found[level] = tpm
    if "isoform" in found and "gene" in expression and "gene" not in found:
        isoform, gene = expression["isoform"], expression["gene"]
        places = gene.var_names.get_indexer(isoform.var[keys.GENE_ID].astype(str))
        known = places >= 0
        found["gene"] = np.bincount(
            places[known], weights=found["isoform"][known], minlength=gene.n_vars
        ).astype(np.float64)
    if not found:
        raise InputError(
            "less than half of the TPM of this profile belongs to features of the samples",
            path=path,
            remedy="quantify the profile with the same annotation",
        )
    return ExpressionProfile(path.stem, found)


def _plain(names: pl.Series) -> pl.Series:
    """Return identifiers without versions, and without symbols that were appended to them."""
    names = plain_names(names)
    appended = split_appended(names) if len(names) else None
    return strip_versions(unwrap(names if appended is None else appended.features))


def _looked_up(of_feature: Mapping[str, float], names: Iterable[str]) -> FloatArray:
    return np.nan_to_num(np.array([of_feature.get(name, 0.0) for name in names], dtype=np.float64))
