"""Gene sets whose genes shift together between samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence.gene_sets import BatchGeneSetRecord, GeneSetRecord
from lotwise.expression.given import require_anndata
from lotwise.expression.labels import replicate_groups
from lotwise.expression.layers import log_tpm_of, tpm_of
from lotwise.files.panels import plain_id, read_gene_sets
from lotwise.files.tables import to_frame
from lotwise.metrics.batch_gene_sets import FEWEST_BATCHES, batch_set_shift
from lotwise.metrics.feature_sets import THRESHOLD
from lotwise.metrics.gene_sets import gene_set_shift, inter_gene_correlation
from lotwise.metrics.moments import FloatArray
from lotwise.tl.pairs import pairs_of, store

if TYPE_CHECKING:
    from anndata import AnnData

NAN = float("nan")


def gene_sets(
    expression: AnnData,
    *,
    sets: Mapping[str, Sequence[str]] | Path | str,
    correlation: float | Literal["replicates"] = "replicates",
    threshold: float = THRESHOLD,
    pseudocount: float = 1.0,
) -> None:
    """Test for every pair of samples which gene sets shift as a whole.

    Only genes detected in both samples are used. A small p means that the set shifted more than
    between replicates of one batch. A set that varies between good batches but not within a batch
    also gets a small p. In simulations with such sets, the test reported at least one set in
    16 to 100 % of comparisons of good batches (``benchmarks/gene_set_rates.py``).

    Parameters
    ----------
    expression
        Samples x genes with the layer ``tpm``.
    sets
        Sets by name, or a GMT file; symbols or Ensembl ids, with or without version.
    correlation
        Correlation between the genes of a set. ``"replicates"`` estimates it for each set from the
        replicates within batches, and p is from Student's t. This requires that the number of
        samples is at least the number of batches plus two. A number, such as limma's default
        :data:`~lotwise.metrics.gene_sets.PRESET_CORRELATION`, gives p even without replicates. But
        if the genes of a set correlate more than this number, the set gets a small p far too often
        (``benchmarks/gene_set_rates.py``).
    threshold
        Smallest TPM of a detected gene.
    pseudocount
        c of log2(TPM + c).

    Returns
    -------
    Nothing; the tables ``gene_sets`` (:class:`~lotwise.evidence.gene_sets.GeneSetRecord`) and
    ``gene_set_batches`` (:class:`~lotwise.evidence.gene_sets.BatchGeneSetRecord`). If a
    condition has six batches or more, each batch is tested against the others. The pairs of samples
    of this condition then have no p-value.

    Raises
    ------
    InputError
        There is no layer ``tpm``, a GMT file cannot be read, or the correlation or the pseudo-count
        is out of range.

    References
    ----------
    Wu and Smyth 2012, 10.1093/nar/gks461.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> sets = {"first": [f"g{i}" for i in range(40)], "none": ["x"]}
    >>> lotwise.tl.gene_sets(gene, sets=sets, correlation=0.01)
    >>> gene.uns["lotwise"]["gene_sets"]["reason"].tolist()[:2]
    ['', 'no gene of the set is present']
    """
    require_anndata(expression)
    if isinstance(correlation, str) and correlation != "replicates":
        raise InputError(
            f"correlation must be 'replicates' or a number, got {correlation!r}",
        )
    given = read_gene_sets(sets) if isinstance(sets, Path | str) else sets
    found_sets = {name: list(map(plain_id, members)) for name, members in given.items()}
    names = _names(expression, {gene for members in found_sets.values() for gene in members})
    tpm = tpm_of(expression)
    log_tpm = log_tpm_of(expression, pseudocount)
    groups = replicate_groups(expression)
    # Replicates share batch and condition; differences between conditions are not noise.
    of_sample = np.empty(expression.n_obs, dtype=np.intp)
    for number, rows_of_group in enumerate(groups.values()):
        of_sample[rows_of_group] = number
    freedom = float("inf")
    if correlation == "replicates":
        freedom = float(expression.n_obs - len(groups))
    n_batches = Counter(condition for _, condition in groups)
    enough = {condition for condition, n in n_batches.items() if n >= FEWEST_BATCHES}
    rows: list[GeneSetRecord] = []
    for pair in pairs_of(expression):
        a, b = pair.row_a, pair.row_b
        both = np.flatnonzero((tpm[a] >= threshold) & (tpm[b] >= threshold))
        genes = [names[i] for i in both]
        found = gene_set_shift(
            log_tpm[a][both] - log_tpm[b][both],
            genes=genes,
            sets=found_sets,
            correlation=(
                _within_groups(log_tpm[:, both], of_sample, genes, found_sets)
                if isinstance(correlation, str)
                else correlation
            ),
            degrees_of_freedom=freedom,
        )
        # Where batches are tested, the p of a pair would say less and be smaller.
        by_batch = "tested by batch (table gene_set_batches)" if pair.condition_a in enough else ""
        rows.extend(
            GeneSetRecord(
                **pair.names(),
                gene_set=name,
                n_genes=int(found.n_genes[i]),
                mean_difference=float(found.mean_difference[i]),
                mean_other=float(found.mean_other[i]),
                correlation=float(found.correlation[i]),
                p=NAN if by_batch else float(found.p[i]),
                p_adjusted=NAN if by_batch else float(found.p_adjusted[i]),
                reason=by_batch or found.reasons[i],
            )
            for i, name in enumerate(found.names)
        )
    parameters = {
        "correlation": correlation,
        "threshold": threshold,
        "pseudocount": pseudocount,
        "n_sets": len(found_sets),
    }
    store(expression, GeneSetRecord.table, to_frame(rows, GeneSetRecord), parameters)
    tested = [
        row
        for condition in n_batches
        for row in _by_batch(
            {batch: rows for (batch, of), rows in groups.items() if of == condition},
            condition,
            (tpm, log_tpm),
            names,
            found_sets,
            threshold=threshold,
        )
    ]
    store(expression, BatchGeneSetRecord.table, to_frame(tested, BatchGeneSetRecord), parameters)


def _by_batch(
    groups: Mapping[str, list[int]],
    condition: str,
    values: tuple[FloatArray, FloatArray],
    names: Sequence[str],
    sets: Mapping[str, Sequence[str]],
    *,
    threshold: float,
) -> Iterator[BatchGeneSetRecord]:
    """Yield the shift of each set in each batch of a condition."""
    tpm, log_tpm = (
        np.stack([of_sample[rows].mean(axis=0) for rows in groups.values()]) for of_sample in values
    )
    # As expressed in half of the batches or more, whichever is tested.
    used = np.flatnonzero(np.median(tpm, axis=0) >= threshold)
    genes = [names[place] for place in used.tolist()]
    sizes = [len(rows) for rows in groups.values()]
    for row, batch in enumerate(groups):
        found = batch_set_shift(log_tpm[:, used], batch=row, genes=genes, sets=sets)
        others = np.delete(sizes, row)
        # One replicate varies more than the mean of three.
        fewer = others.size > 0 and sizes[row] < float(np.median(others))
        for i, name in enumerate(found.names):
            yield BatchGeneSetRecord(
                batch=batch,
                condition=condition,
                gene_set=name,
                n_genes=int(found.n_genes[i]),
                shift=float(found.shift[i]),
                p=NAN if fewer else float(found.p[i]),
                p_adjusted=NAN if fewer else float(found.p_adjusted[i]),
                reason=found.reasons[i] or ("fewer replicates than the others" if fewer else ""),
            )


def _within_groups(
    log_tpm: FloatArray, groups: np.ndarray, genes: list[str], sets: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Estimate the correlation between the genes of each set from replicates."""
    position = {gene: i for i, gene in enumerate(genes)}
    return {
        name: inter_gene_correlation(
            log_tpm[:, sorted({position[gene] for gene in members if gene in position})],
            groups=groups,
        )
        for name, members in sets.items()
    }


def _names(expression: AnnData, wanted: set[str]) -> list[str]:
    """Return the name of each feature in the kind of name that most sets use."""
    full = [str(name) for name in expression.var_names]
    kinds = [[plain_id(name) for name in full]]
    if keys.GENE_NAME in expression.var:
        kinds.append([str(name) for name in expression.var[keys.GENE_NAME]])
    best = max(kinds, key=lambda names: len(wanted.intersection(names)))
    # A name that occurs twice (a gene of the pseudo-autosomal region) is used once; the others
    # keep their full name.
    seen: set[str] = set()
    unique = []
    for name, whole in zip(best, full, strict=True):
        unique.append(whole if name in seen else name)
        seen.add(name)
    return unique
