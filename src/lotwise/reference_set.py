"""A stored reference set of earlier batches, and a new batch held against it.

The set is one h5ad: a row a batch (replicates averaged on the TPM scale) and, in
``uns["lotwise"]["reference"]``, a version that rises by one with every addition and a
history that says what was added, when, by which lotwise, from which file.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lotwise import keys
from lotwise.errors import InputError
from lotwise.evidence.reference import ComparisonRecord
from lotwise.files.atomic import atomic_path, exclusive
from lotwise.files.tables import to_frame
from lotwise.metrics.batches import leave_one_out, rank_p, reference_interval
from lotwise.metrics.correlation import pearson_matrix

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


REFERENCE: Final = "reference"


def add_to_reference(
    expression: AnnData, path: Path | str, *, source: Path | str = "", note: str = ""
) -> int:
    """Add the batches of ``expression`` to the reference set at ``path``, or begin one.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm`` and the obs column ``batch``.
    path
        The reference set, an h5ad file.
    source
        The file that the expression was read from; its SHA-256 is kept.
    note
        Why the batches belong to the reference.

    Returns
    -------
    The version of the set after the addition.

    Raises
    ------
    InputError
        A batch is there already, the features or the level differ, or the file is no reference set.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> add_to_reference(gene, getfixture("tmp_path") / "reference.h5ad")
    1
    """
    from lotwise import pp

    path = Path(path)
    new = pp.average_replicates(expression)
    # From reading to renaming: of two processes at once the second adds to what the first wrote.
    with exclusive(path.with_name(f".{path.name}.lock")):
        return _append(new, path, source=source, note=note)


def _append(new: AnnData, path: Path, *, source: Path | str, note: str) -> int:
    import anndata

    held = read_reference(path) if path.exists() else None
    kept: dict[str, Any] = {"version": 0, "history": []}
    if held is not None:
        kept = _provenance(held, path)
        _refuse_other(held, new, path)
    entry = {
        "version": kept["version"] + 1,
        "added": new.obs_names.to_list(),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "lotwise": version("lotwise"),
        "source": str(source),
        "sha256": _sha256(Path(source)) if source else "",
        "note": note,
    }
    layers = {keys.TPM: np.asarray(new.layers[keys.TPM])}
    obs = new.obs[[keys.BATCH, keys.N_SAMPLES]].astype({keys.BATCH: str})
    if held is not None:
        import pandas as pd

        layers = {keys.TPM: np.vstack([held.layers[keys.TPM], layers[keys.TPM]])}
        obs = pd.concat([held.obs[[keys.BATCH, keys.N_SAMPLES]].astype({keys.BATCH: str}), obs])
    stored = anndata.AnnData(
        X=np.log2(layers[keys.TPM] + 1), obs=obs, var=new.var[[]].copy(), layers=layers
    )
    stored.uns[keys.LOTWISE] = {
        keys.LEVEL: new.uns[keys.LOTWISE][keys.LEVEL],
        REFERENCE: json.dumps({"version": entry["version"], "history": [*kept["history"], entry]}),
    }
    with atomic_path(path) as temporary:
        stored.write_h5ad(temporary, compression="gzip")
    return int(entry["version"])


def read_reference(path: Path | str) -> AnnData:
    """Read a reference set.

    Raises
    ------
    InputError
        The file is missing or no reference set.
    """
    import anndata

    path = Path(path)
    try:
        found = anndata.read_h5ad(path)
    except FileNotFoundError:
        raise InputError(
            "no such reference set", path=path, remedy="begin one by `lotwise reference add`"
        ) from None
    except (OSError, KeyError, ValueError) as error:
        raise InputError("is no h5ad file", path=path) from error
    _provenance(found, path)
    return found


def describe_reference(path: Path | str) -> dict[str, Any]:
    """Give the level, the version, the batches and the history of a reference set."""
    found = read_reference(path)
    kept = _provenance(found, Path(path))
    return {
        "level": str(found.uns[keys.LOTWISE][keys.LEVEL]),
        "version": kept["version"],
        "n_features": found.n_vars,
        "batches": found.obs_names.to_list(),
        "history": kept["history"],
    }


def compare_with_reference(
    expression: AnnData, path: Path | str, *, level: float = 0.95
) -> pd.DataFrame:
    """Hold every batch of ``expression`` against the reference set.

    The limits come from the reference batches alone; its rank is among them and itself, each by
    its median R to the others. A batch of the same name as one of the
    reference is refused: it would be compared with itself.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, of the same features as the reference.
    path
        The reference set.
    level
        Coverage of the intervals.

    Returns
    -------
    A row a batch (:class:`~lotwise.evidence.reference.ComparisonRecord`). With one or two reference
    batches there are no limits and the answer is "not assessable".

    Raises
    ------
    InputError
        As :func:`add_to_reference`, and where the reference set is missing.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> path = getfixture("tmp_path") / "reference.h5ad"
    >>> _ = add_to_reference(gene[:2].copy(), path)
    >>> compare_with_reference(gene[2:].copy(), path)["smallest_p"].round(3).tolist()
    [0.333]
    """
    from lotwise import pp

    held = read_reference(path)
    new = pp.average_replicates(expression)
    _refuse_other(held, new, Path(path))
    k = held.n_obs
    tpm = np.vstack([held.layers[keys.TPM], new.layers[keys.TPM]])
    r = pearson_matrix(np.log2(tpm + 1))
    limits = reference_interval(r[:k, :k], level=level)
    rows = []
    for i, name in enumerate(new.obs_names, start=k):
        with_it = np.ix_([*range(k), i], [*range(k), i])
        to_reference = leave_one_out(r[with_it], batches=range(k + 1))
        median = float(to_reference.median_to_others[k])
        rank = rank_p(r[with_it], batch=k)
        reason = limits.reason or to_reference.reasons[k]
        inside = "yes" if median >= limits.prediction_lower else "no"
        rows.append(
            ComparisonRecord(
                batch=str(name),
                median_to_reference=median,
                prediction_lower=limits.prediction_lower,
                prediction_upper=limits.prediction_upper,
                tolerance_lower=limits.tolerance_lower,
                tolerance_upper=limits.tolerance_upper,
                inside_prediction="not assessable" if reason else inside,
                rank_p=rank.p,
                smallest_p=rank.smallest_possible,
                n_reference=k,
                reference_version=_provenance(held, Path(path))["version"],
                words="; ".join(dict.fromkeys([limits.words, rank.words])),
                reason=reason,
            )
        )
    return to_frame(rows, ComparisonRecord)


def _provenance(found: AnnData, path: Path) -> dict[str, Any]:
    text = found.uns.get(keys.LOTWISE, {}).get(REFERENCE)
    if not isinstance(text, str):
        raise InputError(
            "is no reference set of lotwise", path=path, remedy="begin one in another file"
        )
    kept: dict[str, Any] = json.loads(text)
    return kept


def _refuse_other(held: AnnData, new: AnnData, path: Path) -> None:
    level = str(held.uns[keys.LOTWISE][keys.LEVEL])
    other = str(new.uns[keys.LOTWISE][keys.LEVEL])
    if level != other:
        raise InputError(f"holds {level}s, {other}s came", path=path)
    if list(held.var_names) != list(new.var_names):
        shared = len(set(held.var_names) & set(new.var_names))
        raise InputError(
            f"has {held.n_vars:,} features, {new.n_vars:,} came, of which {shared:,} are shared",
            path=path,
            remedy="quantify all batches on one annotation, in its order",
        )
    twice = sorted(set(held.obs_names) & set(new.obs_names))
    if twice:
        raise InputError(f"holds the batch {twice[0]!r} already", path=path)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from error
