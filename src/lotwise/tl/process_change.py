"""Before and after a change of the process, with lots as units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lotwise.config.attributes import Attribute, Attributes, read_attributes
from lotwise.evidence.process_change import (
    ProcessChangeRecord,
    ProcessFeatureRecord,
    QualityRangeRecord,
)
from lotwise.expression.given import require_anndata
from lotwise.expression.labels import why_not_tpm
from lotwise.expression.layers import tpm_of
from lotwise.files.panels import Marker, read_gene_sets, read_panel
from lotwise.files.records import Record, unknown_values
from lotwise.files.tables import to_frame
from lotwise.metrics.batches import medians_of_samples
from lotwise.metrics.correlation import pearson_matrix
from lotwise.metrics.moments import BoolArray, FloatArray
from lotwise.metrics.process_change import (
    FEWEST_PRE_LOTS,
    MOST_LABELLINGS,
    permutation_p,
    planned_power,
    z_to_pre,
)
from lotwise.metrics.process_change import process_change as compare_means
from lotwise.metrics.process_change import quality_range as range_of
from lotwise.tl.copies import reason_of_copies
from lotwise.tl.depth import at_like_depth
from lotwise.tl.identity import marker_tpm
from lotwise.tl.lots import PHASES, Lots, lots_of
from lotwise.tl.pairs import store
from lotwise.tl.process_features import Settings, features_of_lots

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

NAN: Final = float("nan")
NO_PHASE: Final = "the samples have no column phase with pre or post"
NO_ATTRIBUTES: Final = "no attributes were declared (attributes)"


class _Values(NamedTuple):
    """The attribute of every lot, or of R between lots; why there is none; how it was made."""

    lots: FloatArray
    correlations: FloatArray | None
    reason: str
    words: str

    def under(self, is_post: BoolArray) -> FloatArray:
        """Return the value of each lot.

        A value of R compares a lot with the lots before the change, which ``is_post`` defines.
        """
        if self.correlations is None:
            return self.lots
        return z_to_pre(self.correlations, is_post=is_post)


def process_change(
    expression: AnnData,
    *,
    attributes: Attributes | Path | str | None,
    gene_sets: Mapping[str, Sequence[str]] | Path | None = None,
    settings: Settings | None = None,
) -> None:
    """Compare lots made before and after a change of the process, by attributes and by gene.

    Lots are the units: each has one value, the mean over its samples. See
    :mod:`lotwise.metrics.process_change` for the tests.

    Parameters
    ----------
    expression
        Samples x genes with the layer ``tpm``; ``obs`` has ``phase`` (pre, post, or empty for
        samples that are left out) and ``batch``, the lot.
    attributes
        Attributes declared before the data were seen; without attributes, only single genes are
        tested.
    gene_sets
        Gene sets that the attributes use: a GMT file, or the genes of each set by its name.
    settings
        Margin of single genes (log2), alpha, threshold and pseudo-count.

    Returns
    -------
    Nothing; the tables ``process_change``, ``quality_range`` and ``process_features``. With fewer
    lots than planned, the answer is "not assessable".

    Raises
    ------
    InputError
        No layer ``tpm``, a phase that is neither pre nor post, a lot with both phases, or a file
        that cannot be read.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.process_change(gene, attributes=None)
    >>> gene.uns["lotwise"]["process_change"]["reason"].item()
    'the samples have no column phase with pre or post'
    """
    require_anndata(expression)
    given = settings or Settings()
    declared = read_attributes(attributes) if isinstance(attributes, Path | str) else attributes
    groups = lots_of(expression)
    sets = read_gene_sets(gene_sets) if isinstance(gene_sets, Path) else gene_sets or {}
    changes: list[ProcessChangeRecord] = []
    ranges: list[QualityRangeRecord] = []
    features: list[pd.DataFrame] = []
    why = NO_PHASE if not groups else "" if declared else NO_ATTRIBUTES
    for lots in groups:
        used = [row for rows in lots.rows for row in rows]
        copied = why_not_tpm(expression, "detection") or reason_of_copies(expression[used])
        features.append(features_of_lots(expression, lots, reason=copied, settings=given))
        if declared is None:
            continue
        for attribute in declared.attributes:
            values = _values(expression, lots, attribute, sets=sets, given=given)
            values = values._replace(reason=copied) if copied else values
            changes.append(_change(lots, attribute, values, declared=declared, given=given))
            ranges += _ranges(lots, attribute, values, declared=declared)
    _keep(expression, changes, ranges, features, why=why, given=given)


def _values(
    expression: AnnData,
    lots: Lots,
    attribute: Attribute,
    *,
    sets: Mapping[str, Sequence[str]],
    given: Settings,
) -> _Values:
    if attribute.kind == "r":
        return _r_of_lots(expression, lots, given)
    markers = _markers(attribute, sets)
    tpm = tpm_of(expression)
    found = marker_tpm(expression, tpm, markers)
    known = np.isfinite(found).all(axis=0)
    nothing = np.full(len(lots.names), NAN)
    if not known.any():
        named = f"{attribute.kind.replace('_', ' ')} {attribute.of!r}"
        reason = f"{named} is not annotated" if markers else f"there is no {named}"
        return _Values(nothing, None, reason, "")
    of_samples = np.log2(found[:, known] + given.pseudocount).mean(axis=1)
    words = (
        f"mean of log2(TPM + {given.pseudocount:g}) over the annotated genes "
        f"({known.sum()} of {known.size})"
    )
    return _Values(lots.mean(of_samples), None, "", words)


def _markers(attribute: Attribute, sets: Mapping[str, Sequence[str]]) -> tuple[Marker, ...]:
    """Return the genes whose mean is the attribute."""
    if attribute.kind == "panel":
        every = read_panel(attribute.of).markers
        # A purity panel expects no gene present; its score is that of the genes to be absent.
        present = tuple(one for one in every if one.expected == "present")
        return present or every
    names = sets.get(attribute.of, ()) if attribute.kind == "gene_set" else (attribute.of,)
    return tuple(Marker(symbol=name, ensembl=name, expected="present") for name in names)


def _r_of_lots(expression: AnnData, lots: Lots, given: Settings) -> _Values:
    """Return the median R between lots, at one depth, and each lot's z to the lots before."""
    nothing = np.full(len(lots.names), NAN)
    rows = [row for of_lot in lots.rows for row in of_lot]
    of_row = [name for name, of_lot in zip(lots.names, lots.rows, strict=True) for _ in of_lot]
    alike = at_like_depth(expression[rows], pseudocount=given.pseudocount, seed=given.seed)
    used = np.flatnonzero(alike.used)
    found = medians_of_samples(
        pearson_matrix(alike.log_tpm[used]), batches=np.array(of_row, dtype=object)[used]
    )
    reason = alike.reason
    if [str(name) for name in found.batch] != lots.names:
        reason = reason or "all samples of a lot are shallow"
    elif not np.isfinite(found.between).all():
        reason = reason or "R of some lots is not defined"
    elif lots.numbers[0] < FEWEST_PRE_LOTS:
        reason = f"R to the pre lots requires at least {FEWEST_PRE_LOTS} pre lots"
    if reason:
        return _Values(nothing, None, reason, alike.words)
    words = (
        "mean Fisher's z of R with each pre lot; R of two lots is the median R over their pairs of "
        f"samples; {alike.words}"
    )
    return _Values(z_to_pre(found.between, is_post=lots.is_post), found.between, "", words)


def _change(
    lots: Lots, attribute: Attribute, values: _Values, *, declared: Attributes, given: Settings
) -> ProcessChangeRecord:
    post = lots.is_post
    planned = (declared.lots.pre, declared.lots.post)
    known = np.isfinite(values.lots).all() and not values.reason
    used = values.lots if known else np.empty(0)
    pre_values, post_values = (used[~post], used[post]) if known else (used, used)
    tested = compare_means(
        pre_values, post_values, margin=attribute.margin, alpha=given.alpha, planned=planned
    )
    both = bool(known and post.any() and not post.all())
    ranked = permutation_p(values.under, is_post=post, seed=given.seed) if both else None
    how = ""
    if ranked is not None:
        how = f"{ranked.n_labellings:,} labellings of lots"
        how += "" if ranked.exact else f"; {MOST_LABELLINGS:,} were chosen at random"
    return ProcessChangeRecord(
        attribute=attribute.name,
        condition=lots.condition,
        kind=attribute.kind,
        n_pre=lots.numbers[0],
        n_post=lots.numbers[1],
        pre_mean=float(pre_values.mean()) if pre_values.size else NAN,
        post_mean=float(post_values.mean()) if post_values.size else NAN,
        pre_sd=float(pre_values.std(ddof=1)) if pre_values.size > 1 else NAN,
        difference=tested.difference,
        lower=tested.lower,
        upper=tested.upper,
        margin=attribute.margin,
        p=tested.p,
        equivalent="not assessable" if values.reason else tested.equivalent,
        permutation_p=NAN if ranked is None else ranked.p,
        smallest_p=NAN if ranked is None else ranked.smallest_possible,
        power=NAN
        if attribute.sd is None
        else planned_power(
            planned, margin=attribute.margin, sd=attribute.sd, alpha=given.alpha, seed=given.seed
        ),
        words="; ".join(part for part in (values.words, how) if part),
        reason=values.reason or tested.reason,
    )


def _ranges(
    lots: Lots, attribute: Attribute, values: _Values, *, declared: Attributes
) -> Iterator[QualityRangeRecord]:
    n_pre, n_post = lots.numbers
    found = range_of([] if values.reason else values.lots[~lots.is_post], k=declared.k)
    reason = values.reason or found.reason
    if not reason and n_pre < declared.lots.pre:
        reason = f"{n_pre} pre lots of {declared.lots.pre} planned"
    elif not reason and n_post < declared.lots.post:
        reason = f"{n_post} post lots of {declared.lots.post} planned"
    for lot, rows, post, value in zip(
        lots.names, lots.rows, lots.is_post, values.lots, strict=True
    ):
        inside = "" if reason else "yes" if found.lower <= value <= found.upper else "no"
        yield QualityRangeRecord(
            attribute=attribute.name,
            condition=lots.condition,
            batch=lot,
            phase=PHASES[int(post)],
            n_samples=len(rows),
            value=NAN if values.reason else float(value),
            k=declared.k,
            lower=found.lower,
            upper=found.upper,
            inside=inside,
            reason=reason,
        )


def _keep(
    expression: AnnData,
    changes: list[ProcessChangeRecord],
    ranges: list[QualityRangeRecord],
    features: list[pd.DataFrame],
    *,
    why: str,
    given: Settings,
) -> None:
    """Store the tables; an empty one gets a row with the reason."""
    import pandas as pd

    parameters = {"margin": given.margin, "alpha": given.alpha, "pseudocount": given.pseudocount}
    made: tuple[tuple[type[Record], pd.DataFrame | None], ...] = (
        (ProcessChangeRecord, to_frame(changes, ProcessChangeRecord) if changes else None),
        (QualityRangeRecord, to_frame(ranges, QualityRangeRecord) if ranges else None),
        (ProcessFeatureRecord, pd.concat(features, ignore_index=True) if features else None),
    )
    for record, table in made:
        alone = record(**(unknown_values(record) | {"reason": why}))
        whole = to_frame([alone], record) if table is None else table
        store(expression, record.table, whole, parameters)
