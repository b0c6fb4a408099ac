"""A stored set of accepted batches, which new batches are compared with.

The set is one h5ad: one row per sample with TPM and estimated counts, and in ``uns["lotwise"]`` a
version that rises by one with every addition, and a history that says what was added, when, by
which lotwise, from which file. Sets of lotwise 0.1 hold averages of batches without counts; they
can be read, and depths of libraries cannot be made alike with them.
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
from lotwise.expression.declared import UNREADABLE
from lotwise.expression.labels import batches_of, conditions_of
from lotwise.expression.noted import noted
from lotwise.files.atomic import atomic_path, exclusive

if TYPE_CHECKING:
    from anndata import AnnData

# The name in uns is that of lotwise 0.1, so that its sets can be read.
_KEPT: Final = "reference"


def add_to_accepted(
    expression: AnnData, path: Path | str, *, source: Path | str = "", note: str = ""
) -> int:
    """Add the batches of ``expression`` to the accepted set at ``path``, or begin one.

    Parameters
    ----------
    expression
        Samples x features with the layer ``tpm``, ``counts`` where there are any, and the obs
        columns ``batch`` and, where there are several, ``condition``.
    path
        The accepted set, an h5ad file.
    source
        The file that the expression was read from; its SHA-256 is kept.
    note
        Why the batches were accepted.

    Returns
    -------
    The version of the set after the addition.

    Raises
    ------
    InputError
        A batch is there already, the features or the level differ, or the file is no accepted set.

    Examples
    --------
    >>> gene = getfixture("three_batches").gene
    >>> add_to_accepted(gene, getfixture("tmp_path") / "accepted.h5ad")
    1
    """
    path = Path(path)
    # From reading to renaming: of two processes at once the second adds to what the first wrote.
    with exclusive(path.with_name(f".{path.name}.lock")):
        return _append(expression, path, source=source, note=note)


def _append(new: AnnData, path: Path, *, source: Path | str, note: str) -> int:
    kept: dict[str, Any] = {"version": 0, "history": []}
    stored = _samples(new)
    if path.exists():
        held = read_accepted(path)
        kept = _history(held, path)
        stored = combine_with_accepted(held, new, path)
    entry = {
        "version": kept["version"] + 1,
        "added": list(dict.fromkeys(batches_of(new))),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "lotwise": version("lotwise"),
        "source": str(source),
        "sha256": _sha256(Path(source)) if source else "",
        "note": note,
    }
    stored.uns[keys.LOTWISE] = {
        keys.LEVEL: _level_of(new),
        _KEPT: json.dumps({"version": entry["version"], "history": [*kept["history"], entry]}),
    }
    with atomic_path(path) as temporary:
        stored.write_h5ad(temporary, compression="gzip")
    return int(entry["version"])


def _samples(expression: AnnData) -> AnnData:
    """Take from an AnnData what a set keeps: samples with batch, condition, TPM and counts."""
    import pandas as pd
    from anndata import AnnData

    layers = {}
    for name in (keys.TPM, keys.COUNTS):
        if name in expression.layers:
            layer = expression.layers[name]
            dense = layer.toarray() if hasattr(layer, "toarray") else np.asarray(layer)
            layers[name] = np.asarray(dense, dtype=np.float64)
    if keys.TPM not in layers:
        raise InputError(
            f"the AnnData has no layer {keys.TPM!r}",
            remedy="make it by lotwise.read_quant, or put TPM into layers['tpm']",
        )
    layers.setdefault(keys.COUNTS, np.full(expression.shape, np.nan))
    batches = batches_of(expression)
    samples = expression.obs.get(keys.SAMPLE, expression.obs_names.to_series())
    # A sample of a later run may bear the name of an earlier one; batches are told apart.
    named = zip(batches, samples, strict=True)
    obs = pd.DataFrame(
        {
            keys.SAMPLE: samples.to_numpy(dtype=object),
            keys.BATCH: batches,
            keys.CONDITION: conditions_of(expression),
        },
        index=pd.Index([f"{batch}: {sample}" for batch, sample in named], dtype=object),
    )
    return AnnData(
        X=np.log2(layers[keys.TPM] + 1), obs=obs, var=expression.var[[]].copy(), layers=layers
    )


def combine_with_accepted(held: AnnData, new: AnnData, path: Path | str) -> AnnData:
    """Return the samples of an accepted set and new ones in one AnnData, the accepted first.

    Raises
    ------
    InputError
        A batch is there already, or the features or the level differ.
    """
    import anndata

    path = Path(path)
    level, other = _level_of(held), _level_of(new)
    if level != other:
        raise InputError(f"holds {level}s, {other}s came", path=path)
    if list(held.var_names) != list(new.var_names):
        shared = len(set(held.var_names) & set(new.var_names))
        raise InputError(
            f"has {held.n_vars:,} features, {new.n_vars:,} came, of which {shared:,} are shared",
            path=path,
            remedy="quantify all batches on one annotation, in its order",
        )
    accepted, added = _samples(held), _samples(new)
    twice = sorted(set(accepted.obs[keys.BATCH]) & set(added.obs[keys.BATCH]))
    if twice:
        raise InputError(f"holds the batch {twice[0]!r} already", path=path)
    both = anndata.concat([accepted, added])
    both.uns[keys.LOTWISE] = {keys.LEVEL: level}
    return both


def read_accepted(path: Path | str) -> AnnData:
    """Read an accepted set, of this version of lotwise or of 0.1.

    Raises
    ------
    InputError
        The file is missing or no accepted set.
    """
    import anndata

    path = Path(path)
    try:
        found = anndata.read_h5ad(path)
        noted(found)
    except FileNotFoundError:
        raise InputError(
            "no such accepted set", path=path, remedy="begin one by `lotwise accepted add`"
        ) from None
    except UNREADABLE as error:
        raise InputError("is no h5ad file", path=path) from error
    _history(found, path)
    return found


def describe_accepted(path: Path | str) -> dict[str, Any]:
    """Return the level, the version, the batches and the history of an accepted set."""
    found = read_accepted(path)
    kept = _history(found, Path(path))
    return {
        "level": _level_of(found),
        "version": kept["version"],
        "n_features": found.n_vars,
        "batches": list(dict.fromkeys(batches_of(found))),
        "history": kept["history"],
    }


def _level_of(expression: AnnData) -> str:
    return str(noted(expression).get(keys.LEVEL, "gene"))


def _history(found: AnnData, path: Path) -> dict[str, Any]:
    text = noted(found).get(_KEPT)
    if not isinstance(text, str):
        raise InputError(
            "is no accepted set of lotwise", path=path, remedy="begin one in another file"
        )
    kept: dict[str, Any] = json.loads(text)
    return kept


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=path) from error
