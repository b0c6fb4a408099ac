"""Sample labels in obs, and checks that required ones are present."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.given import require_anndata
from lotwise.expression.noted import noted
from lotwise.samples import Sample
from lotwise.samples.design import groups_of_several_donors
from lotwise.wording import nearest

if TYPE_CHECKING:
    from anndata import AnnData


def labels_of(expression: AnnData, column: str) -> list[str]:
    """Return an obs column as text; empty for samples without a label.

    Raises
    ------
    InputError
        The column does not exist.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> gene.obs["donor"] = ["D1", None, float("nan")]
    >>> labels_of(gene, "donor")
    ['D1', '', '']
    """
    require_anndata(expression)
    if column not in expression.obs:
        raise InputError(
            f"the AnnData has no obs column {column!r}",
            remedy=f"give the {column} of each sample; {nearest(column, map(str, expression.obs))}",
        )
    found = expression.obs[column]
    return ["" if no else str(label) for label, no in zip(found, found.isna(), strict=True)]


def groups_of(expression: AnnData, column: str) -> list[str]:
    """Return an obs column that must have a label for every sample.

    Raises
    ------
    InputError
        The column does not exist, or a sample has no label.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> gene.obs["condition"] = ["old", "old", None]
    >>> groups_of(gene, "condition")
    Traceback (most recent call last):
    lotwise.errors.InputError: sample lot3 has no condition in obs; give the condition...
    """
    labels = labels_of(expression, column)
    without = [
        sample for sample, label in zip(expression.obs_names, labels, strict=True) if not label
    ]
    if without:
        raise InputError(
            f"sample {without[0]} has no {column} in obs",
            remedy=f"give the {column} of each sample",
        )
    return labels


def unit_of(expression: AnnData) -> str:
    """Return the unit of the layer tpm: TPM, or the unit that was declared.

    Examples
    --------
    >>> import lotwise
    >>> unit_of(lotwise.datasets.three_batches().gene)
    'TPM'
    """
    return str(noted(expression).get(keys.UNIT, "TPM"))


def why_not_tpm(expression: AnnData, what: str) -> str:
    """Return why a statistic of TPM is not computed of this unit; empty where it is TPM.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> why_not_tpm(gene, "usage")
    ''
    >>> gene.uns["lotwise"]["unit"] = "CPM"
    >>> why_not_tpm(gene, "usage")
    'usage needs TPM, but the numbers are CPM'
    """
    unit = unit_of(expression)
    return "" if unit == "TPM" else f"{what} needs TPM, but the numbers are {unit}"


def require_tpm(expression: AnnData, what: str) -> None:
    """Refuse numbers of another unit than TPM.

    Raises
    ------
    InputError
        The numbers were declared to be of another unit.
    """
    if why := why_not_tpm(expression, what):
        raise InputError(why, remedy="give TPM")


def read_unit(path: Path) -> str:
    """Read the same from an ``.h5ad`` file without its matrices; TPM if the file does not exist.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "gene.h5ad"
    >>> import lotwise
    >>> lotwise.datasets.three_batches().gene.write_h5ad(path)
    >>> read_unit(path)
    'TPM'
    """
    found = _read_noted(path, keys.UNIT)
    return "TPM" if found is None else found


def read_sums_not_checked(path: Path) -> str | None:
    """Return what the check of the sums of TPM found, if it was switched off; else None.

    Read from an ``.h5ad`` file without its matrices. The text is empty if it found nothing.

    Examples
    --------
    >>> from pathlib import Path
    >>> read_sums_not_checked(Path("none.h5ad")) is None
    True
    """
    return _read_noted(path, keys.SUMS_NOT_CHECKED)


def _read_noted(path: Path, name: str) -> str | None:
    """Return a text of lotwise's entry in ``uns``; None where there is none."""
    import h5py

    if not path.is_file():
        return None
    with h5py.File(path) as file:
        found = file.get(f"uns/{keys.LOTWISE}/{name}")
        return None if found is None else str(found.asstr()[()])


def read_unmapped(path: Path) -> tuple[int, list[float]]:
    """Return the number of transcripts without a gene, and the share of TPM they have, per sample.

    Read from an ``.h5ad`` file without its matrices; 0 and no shares where the genes are not sums
    of isoforms, or the file does not exist.

    Examples
    --------
    >>> from pathlib import Path
    >>> read_unmapped(Path("none.h5ad"))
    (0, [])
    """
    import h5py

    if not path.is_file():
        return 0, []
    with h5py.File(path) as file:
        n, shares = (file.get(f"obs/{name}") for name in (keys.N_UNMAPPED, keys.UNMAPPED_TPM_SHARE))
        return (0, []) if n is None or shares is None else (int(n[0]), shares[()].tolist())


def batches_of(expression: AnnData) -> list[str]:
    """Return the batch of every sample.

    Raises
    ------
    InputError
        There are no samples, or see :func:`groups_of`.

    Examples
    --------
    >>> import lotwise
    >>> batches_of(lotwise.datasets.three_batches().gene)
    ['lot1', 'lot2', 'lot3']
    """
    require_anndata(expression)
    if expression.n_obs == 0:
        raise InputError("there are no samples", remedy="give an AnnData with samples")
    return groups_of(expression, keys.BATCH)


def samples_of(expression: AnnData) -> tuple[Sample, ...]:
    """Return the samples with their labels in ``obs``.

    Raises
    ------
    InputError
        See :func:`batches_of`.

    Examples
    --------
    >>> import lotwise
    >>> samples_of(lotwise.datasets.three_batches().gene)[0].batch
    'lot1'
    """
    batches = batches_of(expression)
    described = (keys.REPLICATE, keys.DONOR, keys.CONDITION, keys.PHASE)
    replicates, donors, conditions, phases = (
        labels_of(expression, name) if name in expression.obs else [""] * expression.n_obs
        for name in described
    )
    return tuple(
        Sample(
            sample=str(name),
            batch=batches[row],
            replicate=replicates[row],
            donor=donors[row],
            condition=conditions[row],
            annotations={keys.PHASE: phases[row]} if keys.PHASE in expression.obs else {},
        )
        for row, name in enumerate(expression.obs_names)
    )


def conditions_of(expression: AnnData) -> list[str]:
    """Return the condition of every sample; empty if there is none.

    Without a column ``condition``, all samples have the same condition. Samples without an entry
    form their own condition.

    Examples
    --------
    >>> import lotwise
    >>> conditions_of(lotwise.datasets.three_batches().gene)
    ['', '', '']
    """
    require_anndata(expression)
    if keys.CONDITION not in expression.obs:
        return [""] * expression.n_obs
    return labels_of(expression, keys.CONDITION)


def replicate_groups(expression: AnnData) -> dict[tuple[str, str], list[int]]:
    """Return the row indices of the replicates of each batch and condition, in sample order.

    Replicates are samples of the same batch and the same condition.

    Raises
    ------
    InputError
        See :func:`batches_of`.

    Examples
    --------
    >>> import lotwise
    >>> replicate_groups(lotwise.datasets.three_batches().gene)
    {('lot1', ''): [0], ('lot2', ''): [1], ('lot3', ''): [2]}
    """
    groups: dict[tuple[str, str], list[int]] = {}
    named = zip(batches_of(expression), conditions_of(expression), strict=True)
    for row, group in enumerate(named):
        groups.setdefault(group, []).append(row)
    return groups


def donor_groups(expression: AnnData) -> list[tuple[str, str]]:
    """Return the batches of a condition whose samples come from different donors, by obs.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> gene.obs["batch"], gene.obs["donor"] = "lot1", ["D1", "D1", "D2"]
    >>> donor_groups(gene)
    [('lot1', '')]
    """
    if keys.DONOR not in expression.obs:
        return []
    columns = batches_of(expression), conditions_of(expression), labels_of(expression, keys.DONOR)
    return groups_of_several_donors(zip(*columns, strict=True))


def name_groups(groups: Iterable[tuple[str, str]]) -> list[str]:
    """Return names of batches, with the condition if a batch has several.

    Examples
    --------
    >>> name_groups([("lot1", "old"), ("lot2", "old")])
    ['lot1', 'lot2']
    >>> name_groups([("lot1", "naive"), ("lot1", "IFNg"), ("lot2", "naive")])
    ['lot1 (naive)', 'lot1 (IFNg)', 'lot2 (naive)']
    """
    listed = list(groups)
    if len({batch for batch, _ in listed}) == len(listed):
        return [batch for batch, _ in listed]
    return [f"{batch} ({condition or 'no condition'})" for batch, condition in listed]
