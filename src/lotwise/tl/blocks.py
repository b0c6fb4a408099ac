"""Blocks of features that are resampled together: genomic neighbourhoods or gene sets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from lotwise import keys
from lotwise.errors import InputError
from lotwise.expression.given import require_anndata
from lotwise.expression.packed import stream_lines
from lotwise.files.panels import read_gene_sets

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

NEIGHBOURHOOD: Final = 1_000_000
ALONE: Final = "alone:"
_GENE_ID: Final = re.compile(rb'gene_id "([^"]+)"')
_GENE_NAME: Final = re.compile(rb'gene_name "([^"]+)"')
_Names: TypeAlias = tuple[str, str]


def blocks(expression: AnnData, *, source: Path | str, neighbourhood: int = NEIGHBOURHOOD) -> None:
    r"""Assign every feature to a block, for intervals that resample blocks.

    With a GTF, each block is a window of ``neighbourhood`` bases on a chromosome. A gene belongs to
    the window that contains its start coordinate. With a GMT (``.gmt``), each block is a gene set.
    A gene in several sets belongs to the first of these sets. Genes that are not in the file become
    blocks of their own. Isoforms are in the block of their gene.

    Parameters
    ----------
    expression
        Samples x features; at isoform level with ``gene_id`` in var.
    source
        A GTF file, plain or gzip, or a GMT file.
    neighbourhood
        Width of a window in bases.

    Returns
    -------
    Nothing; the blocks are in ``var["block"]``, for :func:`lotwise.tl.intervals` with
    ``blocks="block"``.

    Raises
    ------
    InputError
        The file cannot be read, or contains no gene of ``expression``.

    Examples
    --------
    >>> import lotwise
    >>> gene = lotwise.datasets.three_batches().gene
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> gtf = Path(mkdtemp()) / "genes.gtf"
    >>> row = '1\ta\tgene\t{}\t{}\t.\t+\t.\tgene_id "g{}";\n'
    >>> _ = gtf.write_text("".join(row.format(10 + 300 * i, 99 + 300 * i, i) for i in range(4)))
    >>> lotwise.tl.blocks(gene, source=gtf, neighbourhood=500)
    >>> gene.var["block"][["g0", "g1", "g2", "g3"]].tolist()
    ['1:0', '1:0', '1:1', '1:1']
    """
    require_anndata(expression)
    path = Path(source)
    if neighbourhood < 1:
        raise InputError(f"neighbourhood must be >= 1 base, got {neighbourhood}")
    if path.name.endswith(".gmt"):
        sets = read_gene_sets(path)
        places = {gene: name for name, genes in reversed(sets.items()) for gene in genes}
    else:
        places = _windows(path, neighbourhood)
    genes = genes_of(expression)
    symbols = genes
    if keys.GENE_NAME in expression.var:
        symbols = text_of(expression.var[keys.GENE_NAME])
    found = [_place(places, *names) for names in zip(genes, symbols, strict=True)]
    if not any(found):
        raise InputError(
            f"contains none of these genes ({', '.join(map(str, genes[:3]))}...)",
            path=path,
            remedy="use the annotation with which the samples were quantified",
        )
    kept = expression.uns.setdefault(keys.LOTWISE, {}).setdefault(keys.PARAMETERS, {})
    kept[keys.BLOCK] = {"source": str(path), "windows": not path.name.endswith(".gmt")}
    # A feature without a gene is a block of its own, not grouped with others like it.
    expression.var[keys.BLOCK] = [
        block or f"{ALONE}{gene or feature}"
        for block, gene, feature in zip(found, genes, expression.var_names, strict=True)
    ]


def are_windows(expression: AnnData) -> bool:
    """Return whether the blocks of var are genomic windows; see :func:`blocks`."""
    kept = expression.uns.get(keys.LOTWISE, {}).get(keys.PARAMETERS, {}).get(keys.BLOCK, {})
    return bool(kept.get("windows", False))


def genes_of(expression: AnnData) -> list[str]:
    """Return the gene of every feature: at gene level, the feature itself; empty if unknown."""
    if keys.GENE_ID not in expression.var:
        return [str(name) for name in expression.var_names]
    return text_of(expression.var[keys.GENE_ID])


def text_of(column: pd.Series[Any]) -> list[str]:
    """Return a column as text, empty where a value is missing."""
    return column.astype(object).where(column.notna(), "").astype(str).to_list()


def _place(places: Mapping[str, str], gene: str, symbol: str) -> str:
    plain = gene.split(".", maxsplit=1)[0] if gene.startswith("ENS") else gene
    return places.get(gene) or places.get(plain) or places.get(symbol, "")


def _windows(path: Path, neighbourhood: int) -> dict[str, str]:
    """Return the window of each gene by its id, its id without version, and its symbol."""
    starts: dict[_Names, tuple[str, int]] = {}
    for names, chromosome, start in _genes(path):
        held = starts.get(names)
        if held is None or (held[0] == chromosome and start < held[1]):
            starts[names] = (chromosome, start)
    places: dict[str, str] = {}
    for (gene, symbol), (chromosome, start) in starts.items():
        window = f"{chromosome}:{start // neighbourhood}"
        plain = gene.split(".", maxsplit=1)[0] if gene.startswith("ENS") else gene
        for name in filter(None, (gene, plain, symbol)):
            places.setdefault(name, window)
    return places


def _genes(path: Path) -> Iterator[tuple[_Names, str, int]]:
    """Yield id and symbol, chromosome and start of rows; of gene rows only if they come first."""
    only_genes = False
    for line in stream_lines(path):
        # An annotation may have 1.5 GB: parse only the rows of genes.
        only_genes = only_genes or b"\tgene\t" in line
        if line.startswith(b"#") or (only_genes and b"\tgene\t" not in line):
            continue
        cells = line.split(b"\t")
        gene = _GENE_ID.search(line)
        if gene is None or len(cells) < 9 or not cells[3].isdigit():
            continue
        symbol = _GENE_NAME.search(line)
        names = (gene[1].decode(), symbol[1].decode() if symbol else "")
        yield names, cells[0].decode(), int(cells[3])
