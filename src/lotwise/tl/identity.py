"""Who and what the samples are: panels of markers, and sex against the donor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lotwise import keys
from lotwise.evidence.identity import MarkerRecord, SexRecord
from lotwise.expression.labels import batches_of, labels_of
from lotwise.files.panels import SHIPPED, Marker, Panel, plain_id, read_panel
from lotwise.files.tables import to_frame
from lotwise.metrics.identity import Direction, SexCall, call_sex, check_panel
from lotwise.metrics.moments import FloatArray
from lotwise.tl.blocks import text_of
from lotwise.tl.pairs import layer_of, store

if TYPE_CHECKING:
    from anndata import AnnData

NOT_ANNOTATED = "not annotated"
_DIRECTIONS: dict[str, Direction] = {"present": "present", "absent": "absent"}


def identity(
    expression: AnnData, *, panels: Panel | Path | str | Sequence[Panel | Path | str] = ("sex",)
) -> None:
    """Look up panels of markers in every sample, and hold the sex of samples against their donor.

    Markers are found by symbol (names of features or var ``gene_name``) or by Ensembl id, whatever
    its version. A marker that is not there is "not annotated", never 0. High correlation does not
    exclude a swap; samples of one donor that differ in sex are a swap until shown otherwise.

    Parameters
    ----------
    expression
        Samples x genes with the layer ``tpm``; obs ``donor`` where known.
    panels
        Names of shipped panels, YAML files, or panels; one of them, or several.

    Returns
    -------
    Nothing; the tables ``identity`` (:class:`~lotwise.evidence.identity.MarkerRecord`) and, with a
    panel that expects female and male, ``sex`` (:class:`~lotwise.evidence.identity.SexRecord`).

    Raises
    ------
    InputError
        No layer ``tpm``, a sample without a batch, or a panel that cannot be read.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> identity(gene, panels=("residual_pluripotency",))
    >>> gene.uns["lotwise"]["identity"]["holds"].unique().tolist()
    ['not annotated']
    """
    tpm = np.asarray(layer_of(expression, keys.TPM), dtype=np.float64)
    rows: list[MarkerRecord] = []
    sexes: list[SexRecord] = []
    if isinstance(panels, Panel | Path | str):
        panels = (panels,)
    loaded = [panel if isinstance(panel, Panel) else read_panel(panel) for panel in panels]
    for panel in loaded:
        found = marker_tpm(expression, tpm, panel.markers)
        rows.extend(_marker_rows(expression, panel, found))
        if {"female", "male"} <= {marker.expected for marker in panel.markers}:
            sexes.extend(_sex_rows(expression, panel, found))
    parameters = {"panels": [panel.name for panel in loaded], "shipped": list(SHIPPED)}
    store(expression, MarkerRecord.table, to_frame(rows, MarkerRecord), parameters)
    # The table of an earlier call, of other panels, would stand beside this one's.
    expression.uns[keys.LOTWISE].pop(SexRecord.table, None)
    if sexes:
        store(expression, SexRecord.table, to_frame(sexes, SexRecord), parameters)


def marker_tpm(expression: AnnData, tpm: FloatArray, markers: tuple[Marker, ...]) -> FloatArray:
    """Give samples x markers; NaN columns where a marker is not annotated, sums over copies."""
    positions = _positions(expression)
    found = np.full((tpm.shape[0], len(markers)), np.nan)
    for column, marker in enumerate(markers):
        symbol, ensembl = plain_id(marker.symbol), plain_id(marker.ensembl)
        places = positions.get(symbol) or positions.get(ensembl)
        if places:
            found[:, column] = tpm[:, list(places)].sum(axis=1)
    return found


def _positions(expression: AnnData) -> dict[str, dict[int, None]]:
    """Give the places of each name and symbol, in order and once each."""
    names = [[str(name) for name in expression.var_names]]
    if keys.GENE_NAME in expression.var:
        names.append(text_of(expression.var[keys.GENE_NAME]))
    positions: dict[str, dict[int, None]] = {}
    for listed in names:
        for position, name in enumerate(listed):
            # Genes without a symbol are not copies of one gene, nor is a marker without an
            # Ensembl id one of them.
            if name:
                positions.setdefault(plain_id(name), {})[position] = None
    return positions


def _marker_rows(expression: AnnData, panel: Panel, found: FloatArray) -> list[MarkerRecord]:
    batches = batches_of(expression)
    rows: list[MarkerRecord] = []
    for column, marker in enumerate(panel.markers):
        holds = ["-"] * expression.n_obs
        if np.isnan(found[:, column]).any():
            holds = [NOT_ANNOTATED] * expression.n_obs
        elif marker.expected in _DIRECTIONS:
            check = check_panel(
                found[:, [column]],
                directions=(_DIRECTIONS[marker.expected],),
                present_from=panel.present_from,
                absent_below=panel.absent_below,
            )
            holds = ["yes" if held else "no" for held in check.holds[:, 0]]
        rows.extend(
            MarkerRecord(
                panel=panel.name,
                sample=str(sample),
                batch=batches[row],
                marker=marker.symbol,
                expected=marker.expected,
                tpm=float(found[row, column]),
                holds=holds[row],
            )
            for row, sample in enumerate(expression.obs_names)
        )
    return rows


def _sex_rows(expression: AnnData, panel: Panel, found: FloatArray) -> list[SexRecord]:
    sides = {
        sex: found[:, [marker.expected == sex for marker in panel.markers]]
        for sex in ("female", "male")
    }
    missing = [sex for sex, tpm in sides.items() if np.isnan(tpm).all()]
    donors = ["" for _ in range(expression.n_obs)]
    if keys.DONOR in expression.obs:
        donors = labels_of(expression, keys.DONOR)
    batches = batches_of(expression)
    sums = {sex: np.nansum(tpm, axis=1) for sex, tpm in sides.items()}
    calls = call_sex(sums["female"], sums["male"], present_from=panel.present_from)
    if missing:
        reason = f"no {' or '.join(missing)} marker is annotated"
        calls = SexCall(
            ("unknown",) * expression.n_obs, calls.x_tpm, calls.y_tpm, (reason,) * expression.n_obs
        )
    agrees = agreement_with_donor(list(calls.sex), donors)
    return [
        SexRecord(
            sample=str(sample),
            batch=batches[row],
            donor=donors[row],
            sex=calls.sex[row],
            female_tpm=float("nan") if "female" in missing else float(calls.x_tpm[row]),
            male_tpm=float("nan") if "male" in missing else float(calls.y_tpm[row]),
            agrees=agrees[row],
            reason=calls.reasons[row],
        )
        for row, sample in enumerate(expression.obs_names)
    ]


def agreement_with_donor(sexes: list[str], donors: list[str]) -> list[str]:
    """Say of each sample whether its sex agrees with that of most samples of its donor.

    Where no sex has the majority, all samples of the donor disagree: which one was
    swapped cannot be told from sex.

    Examples
    --------
    >>> agreement_with_donor(["male", "male", "female", "male"], ["A", "A", "A", ""])
    ['yes', 'yes', 'no', 'donor not given']
    """
    by_donor: dict[str, Counter[str]] = {}
    for sex, donor in zip(sexes, donors, strict=True):
        by_donor.setdefault(donor, Counter())[sex] += 1
    return [
        _agreement(sex, by_donor[donor]) if donor else "donor not given"
        for sex, donor in zip(sexes, donors, strict=True)
    ]


def _agreement(sex: str, of_donor: Counter[str]) -> str:
    if sex == "unknown":
        return "sex not known"
    if of_donor.total() == 1:
        return "only sample of its donor"
    n_known = of_donor["female"] + of_donor["male"]
    if n_known - (sex != "mixed") == 0:
        # Else it would agree with itself.
        return "no other sample of its donor has a known sex"
    return "yes" if sex != "mixed" and 2 * of_donor[sex] > n_known else "no"
