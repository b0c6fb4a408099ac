"""A stored set of accepted batches, which new batches are compared with.

The set is one h5ad: one row per sample with TPM and estimated counts, and in ``uns["lotwise"]`` a
version that rises by one with every addition, and a history that says what was added, when, by
which lotwise, from which file. Sets of lotwise 0.1 hold averages of batches without counts; they
can be read, and depths of libraries cannot be made alike with them.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from lotwise import keys
from lotwise.errors import InputError, WiderLimitsWarning
from lotwise.expression.abundance import Abundance
from lotwise.expression.checks import check_tpm
from lotwise.expression.declared import UNREADABLE
from lotwise.expression.labels import batches_of, conditions_of
from lotwise.expression.noted import noted
from lotwise.files.atomic import atomic_path, exclusive
from lotwise.files.checksums import checksum
from lotwise.metrics.batches import reference_interval
from lotwise.metrics.correlation import pearson_matrix

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
        A batch is there already, a sample is no TPM or holds the same numbers as another, the
        features or the level differ, or the file is no accepted set or was edited.

    Warns
    -----
    WiderLimitsWarning
        The limits for the next batch are wider than before.

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


def retire_from_accepted(path: Path | str, batch: str, *, reason: str) -> int:
    """Take a batch out of an accepted set; the reason stays in its history.

    Returns
    -------
    The version of the set after it.

    Raises
    ------
    InputError
        There is no such batch, it is the only one, no reason is given, or the set was edited.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "accepted.h5ad"
    >>> _ = add_to_accepted(getfixture("three_batches").gene, path)
    >>> retire_from_accepted(path, "S1", reason="made by the old process")
    2
    """
    path = Path(path)
    if not reason.strip():
        raise InputError("a batch is retired only with a reason", path=path)
    with exclusive(path.with_name(f".{path.name}.lock")):
        held = read_accepted(path)
        of = np.array(batches_of(held), dtype=object)
        if batch not in of:
            raise InputError(f"holds no batch {batch!r}", path=path)
        if (of == batch).all():
            raise InputError(f"holds no batch but {batch!r}", path=path)
        told = {"retired": [batch], "added": [], "source": "", "sha256": "", "note": reason}
        return _write(_samples(held[of != batch].copy()), path, _history(held, path), told)


def _append(new: AnnData, path: Path, *, source: Path | str, note: str) -> int:
    kept: dict[str, Any] = {"version": 0, "history": []}
    _check_samples(new, source)
    stored = _samples(new)
    before = np.nan
    if path.exists():
        held = read_accepted(path)
        kept = _history(held, path)
        before = _lower_limit(_samples(held))
        stored = combine_with_accepted(held, new, path)
    _refuse_copies(stored, path)
    after = _lower_limit(stored)
    if after < before:
        warnings.warn(
            f"{path}: the addition widens the limits: a new batch was inside from R {before:.4f}, "
            f"and now is from R {after:.4f}",
            WiderLimitsWarning,
            stacklevel=3,
        )
    stored.uns[keys.LOTWISE] = {keys.LEVEL: _level_of(new)}
    told = {
        "added": list(dict.fromkeys(batches_of(new))),
        "source": str(source),
        "sha256": checksum(Path(source)) if source else "",
        "note": note,
    }
    return _write(stored, path, kept, told)


def _write(stored: AnnData, path: Path, kept: dict[str, Any], told: dict[str, Any]) -> int:
    history = kept["history"]
    entry = {
        "version": kept["version"] + 1,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "lotwise": version("lotwise"),
        **told,
        "content_sha256": _content_sha256(stored),
        "previous": _entry_sha256(history[-1]) if history else "",
    }
    stored.uns[keys.LOTWISE] = {
        keys.LEVEL: _level_of(stored),
        _KEPT: json.dumps({"version": entry["version"], "history": [*history, entry]}),
    }
    with atomic_path(path) as temporary:
        stored.write_h5ad(temporary, compression="gzip")
    return int(entry["version"])


def _check_samples(new: AnnData, source: Path | str) -> None:
    """Refuse samples that are not TPM, as every input is checked."""
    import polars as pl

    if keys.TPM not in new.layers:
        return  # told when the samples are taken
    features = pl.Series(new.var_names.to_list(), dtype=pl.String)
    unknown = np.full(new.n_vars, np.nan)
    for sample, tpm in zip(new.obs_names, _dense(new.layers[keys.TPM]), strict=True):
        abundance = Abundance(
            quantifier="matrix",
            path=Path(source),
            features=features,
            tpm=tpm,
            counts=unknown,
            length=unknown,
        )
        check_tpm(str(sample), abundance)


def _dense(layer: Any) -> npt.NDArray[np.float64]:
    dense = layer.toarray() if hasattr(layer, "toarray") else layer
    return np.asarray(dense, dtype=np.float64)


def _refuse_copies(stored: AnnData, path: Path) -> None:
    """Refuse two samples with the same numbers: R between copies is 1 and says nothing."""
    seen: dict[bytes, str] = {}
    for name, values in zip(stored.obs_names, stored.layers[keys.TPM], strict=True):
        content = hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest()
        if content in seen:
            raise InputError(
                f"{name} has the same TPM as {seen[content]}: it is a copy",
                path=path,
                remedy="add each library once",
            )
        seen[content] = str(name)


def _lower_limit(stored: AnnData) -> float:
    """Return the lower limit of R for one more batch, from averages of the batches."""
    of = np.array(batches_of(stored), dtype=object)
    means = [stored.layers[keys.TPM][of == batch].mean(axis=0) for batch in dict.fromkeys(of)]
    if len(means) < 3:
        return float("nan")
    return reference_interval(pearson_matrix(np.log2(np.vstack(means) + 1))).prediction_lower


def _content_sha256(stored: AnnData) -> str:
    """Return the SHA-256 of names and numbers."""
    digest = hashlib.sha256()
    names = [
        stored.obs_names.to_list(),
        *(stored.obs[name].astype(str).to_list() for name in (keys.BATCH, keys.CONDITION)),
        stored.var_names.to_list(),
    ]
    digest.update(json.dumps(names).encode())
    for name in (keys.TPM, keys.COUNTS):
        layer = np.ascontiguousarray(np.asarray(stored.layers[name], dtype=np.float64))
        digest.update(layer.tobytes())
    return digest.hexdigest()


def _entry_sha256(entry: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()


def _samples(expression: AnnData) -> AnnData:
    """Take from an AnnData what a set keeps: samples with batch, condition, TPM and counts."""
    import pandas as pd
    from anndata import AnnData

    layers = {}
    for name in (keys.TPM, keys.COUNTS):
        if name in expression.layers:
            layers[name] = _dense(expression.layers[name])
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
        The file is missing, is no accepted set, is damaged, or was edited.
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
    _verify(found, _history(found, path), path)
    return found


def _verify(found: AnnData, kept: dict[str, Any], path: Path) -> None:
    """Refuse a set whose history or numbers are not those that were written."""
    history = kept["history"]
    for earlier, entry in pairwise(history):
        if entry.get("previous", "") not in {"", _entry_sha256(earlier)}:
            raise InputError(
                f"its history was edited: version {entry.get('version')} does not follow the one "
                "before it",
                path=path,
                remedy="bring back the set that was written",
            )
    told = history[-1].get("content_sha256") if history else None
    if told is None:
        return  # a set of 0.1 has no checksum
    missing = [name for name in (keys.TPM, keys.COUNTS) if name not in found.layers]
    missing += [name for name in (keys.BATCH, keys.CONDITION) if name not in found.obs]
    if missing:
        raise InputError(f"is damaged: it has no {missing[0]!r}", path=path)
    if _content_sha256(found) != told:
        raise InputError(
            f"was edited: names or numbers are not those of version {kept['version']}",
            path=path,
            remedy="bring back the set that was written",
        )


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
    try:
        kept: dict[str, Any] = json.loads(text)
        whole = isinstance(kept["version"], int) and all(
            isinstance(entry, dict) for entry in kept["history"]
        )
    except (ValueError, TypeError, KeyError):
        whole = False
    if not whole:
        raise InputError("is damaged: its history cannot be read", path=path)
    return kept
