"""Identity of samples: panels of marker genes, and sex compared within a donor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lotwise import keys
from lotwise.evidence.identity import MarkerRecord, SexRecord
from lotwise.expression.labels import batches_of, labels_of, unit_of
from lotwise.expression.layers import tpm_of
from lotwise.expression.noted import noted
from lotwise.files.panels import SHIPPED, Marker, Panel, plain_id, read_panel
from lotwise.files.tables import to_frame
from lotwise.metrics.identity import EXPRESSED_TPM, Direction, call_sex, check_panel, sex_agreement
from lotwise.metrics.moments import FloatArray
from lotwise.tl.agreement import counts_by_sample
from lotwise.tl.blocks import text_of
from lotwise.tl.pairs import store

if TYPE_CHECKING:
    from anndata import AnnData
    from numpy.typing import NDArray

NOT_ANNOTATED = "not annotated"
_DIRECTIONS: dict[str, Direction] = {"present": "present", "absent": "absent"}


def identity(
    expression: AnnData, *, panels: Panel | Path | str | Sequence[Panel | Path | str] = ("sex",)
) -> None:
    """Check panels of markers in every sample, and compare the sex of samples of one donor.

    Markers are found by symbol (feature name or ``gene_name`` in var) or by Ensembl id of any
    version. A marker that is not found is "not annotated", never 0. The sex is compared by the
    expression of Y genes. Only samples of the same known donor are compared.

    Parameters
    ----------
    expression
        Samples x genes with the layer ``tpm``; ``donor`` in obs if known.
    panels
        Names of built-in panels, paths of YAML files, or panels; one or several.

    Returns
    -------
    Nothing; the tables ``identity`` (:class:`~lotwise.evidence.identity.MarkerRecord`) and, if a
    panel has female and male markers, ``sex`` (:class:`~lotwise.evidence.identity.SexRecord`).

    Raises
    ------
    InputError
        No layer ``tpm``, a sample without a batch, or a panel that cannot be read.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> lotwise.tl.identity(gene, panels=("msc_identity",))
    >>> lotwise.get.evidence(gene, "identity")["holds"].unique().tolist()
    ['yes', 'not annotated']
    """
    tpm = tpm_of(expression)
    rows: list[MarkerRecord] = []
    sexes: list[SexRecord] = []
    if isinstance(panels, Panel | Path | str):
        panels = (panels,)
    lacking = _why_not_judged(expression)
    loaded = [panel if isinstance(panel, Panel) else read_panel(panel) for panel in panels]
    for panel in loaded:
        found = marker_tpm(expression, tpm, panel.markers)
        if lacking:
            found[:] = np.nan
        rows.extend(_marker_rows(expression, panel, found))
        if {"female", "male"} <= {marker.expected for marker in panel.markers}:
            sexes.extend(_sex_rows(expression, panel, found))
    parameters = {"panels": [panel.name for panel in loaded], "shipped": list(SHIPPED)}
    store(expression, MarkerRecord.table, to_frame(rows, MarkerRecord), parameters)
    # Remove the table of an earlier call with other panels, which would not fit this one.
    if SexRecord.table in noted(expression):
        del expression.uns[keys.LOTWISE][SexRecord.table]
    if sexes:
        store(expression, SexRecord.table, to_frame(sexes, SexRecord), parameters)


def marker_tpm(expression: AnnData, tpm: FloatArray, markers: tuple[Marker, ...]) -> FloatArray:
    """Return TPM (samples x markers), summed over copies of a gene; NaN if not annotated."""
    found = np.full((tpm.shape[0], len(markers)), np.nan)
    for column, places in enumerate(_places(expression, markers)):
        if places:
            found[:, column] = tpm[:, places].sum(axis=1)
    return found


def _why_not_judged(expression: AnnData) -> str:
    """Return why the limits of panels, which are TPM, do not apply here; empty where they do."""
    unit = unit_of(expression)
    return "" if unit == "TPM" else f"not judged: the limits are TPM, but the values are {unit}"


def _places(expression: AnnData, markers: tuple[Marker, ...]) -> list[list[int]]:
    """Return the columns of each marker; none where not annotated, several for copies."""
    positions = _positions(expression)
    return [
        list(
            positions.get(plain_id(marker.symbol)) or positions.get(plain_id(marker.ensembl)) or ()
        )
        for marker in markers
    ]


def _positions(expression: AnnData) -> dict[str, dict[int, None]]:
    """Return the positions of each name and symbol, in order and without repeats."""
    names = [[str(name) for name in expression.var_names]]
    if keys.GENE_NAME in expression.var:
        names.append(text_of(expression.var[keys.GENE_NAME]))
    positions: dict[str, dict[int, None]] = {}
    for listed in names:
        for position, name in enumerate(listed):
            # Genes without a symbol are not copies of one gene. A marker without an Ensembl id
            # does not match them.
            if name:
                positions.setdefault(plain_id(name), {})[position] = None
    return positions


def _marker_rows(expression: AnnData, panel: Panel, found: FloatArray) -> list[MarkerRecord]:
    batches, lacking = batches_of(expression), _why_not_judged(expression)
    ranks = _ranks(tpm_of(expression), found)
    holds = np.array(
        [
            ["-"] * expression.n_obs if lacking else _answers(panel, marker, found[:, i])
            for i, marker in enumerate(panel.markers)
        ]
    )
    for group in {marker.group for marker in panel.markers} - {""}:
        members = [i for i, marker in enumerate(panel.markers) if marker.group == group]
        holds[members] = _answers_of_group(holds[members])
    return [
        MarkerRecord(
            panel=panel.name,
            sample=str(sample),
            batch=batches[row],
            marker=marker.symbol,
            expected=marker.expected,
            group=marker.group,
            specific=marker.specific,
            tpm=float(found[row, column]),
            rank=float(ranks[row, column]),
            holds=str(holds[column, row]),
            note=lacking or marker.note or panel.notes,
        )
        for column, marker in enumerate(panel.markers)
        for row, sample in enumerate(expression.obs_names)
    ]


def _answers(panel: Panel, marker: Marker, tpm: FloatArray) -> list[str]:
    """Return whether a marker by itself is as expected in each sample."""
    if np.isnan(tpm).any():
        return [NOT_ANNOTATED] * tpm.size
    if marker.expected not in _DIRECTIONS:
        return ["-"] * tpm.size
    check = check_panel(
        tpm[:, None],
        directions=(_DIRECTIONS[marker.expected],),
        present_from=panel.present_from,
        absent_below=panel.absent_below,
    )
    return ["yes" if held else "no" for held in check.holds[:, 0]]


def _answers_of_group(holds: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the answer for alternative markers (markers x samples): one is enough.

    Where none holds and one is not annotated, the answer is unknown.
    """
    met = (holds == "yes").any(axis=0)
    unknown = ~met & (holds == NOT_ANNOTATED).any(axis=0)
    return np.where(met, "yes", np.where(unknown, NOT_ANNOTATED, holds))


def _ranks(tpm: FloatArray, found: FloatArray) -> FloatArray:
    """Return the share of each sample's expressed genes that are expressed less than a marker."""
    ranks = np.full(found.shape, np.nan)
    for row, sample in enumerate(tpm):
        expressed = np.sort(sample[sample >= EXPRESSED_TPM])
        if expressed.size:
            known = ~np.isnan(found[row])
            below = np.searchsorted(expressed, found[row, known], side="left")
            ranks[row, known] = below / expressed.size
    return ranks


def _sex_rows(expression: AnnData, panel: Panel, found: FloatArray) -> list[SexRecord]:
    annotated = ~np.isnan(found).any(axis=0)
    is_y, is_x = (
        np.array([marker.expected == sex for marker in panel.markers]) & annotated
        for sex in ("male", "female")
    )
    of_y, of_x = found[:, is_y], found[:, is_x]
    xist = of_x.sum(axis=1) if of_x.shape[1] else np.full(expression.n_obs, np.nan)
    calls = call_sex(xist, of_y, present_from=panel.present_from)
    donors = [""] * expression.n_obs
    if keys.DONOR in expression.obs:
        donors = labels_of(expression, keys.DONOR)
    totals = np.full(expression.n_obs, np.nan)
    y_counts = totals.copy()
    places = _places(expression, panel.markers)
    y_genes = sorted({place for mine, y in zip(places, is_y, strict=True) if y for place in mine})
    for row, counts in enumerate(counts_by_sample(expression)):
        if counts is not None:
            totals[row], y_counts[row] = counts.sum(), counts[y_genes].sum()
    agrees = sex_agreement(calls.y_tpm, donors, y_counts=y_counts, total_counts=totals)
    batches = batches_of(expression)
    return [
        SexRecord(
            sample=str(sample),
            batch=batches[row],
            donor=donors[row],
            sex=calls.sex[row],
            female_tpm=float(calls.x_tpm[row]),
            male_tpm=float(calls.y_tpm[row]),
            agrees=agrees[row],
            reason=_why_not_judged(expression) or calls.reasons[row],
        )
        for row, sample in enumerate(expression.obs_names)
    ]
