"""`lotwise correlate-store`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lotwise.cli.options import PATH

if TYPE_CHECKING:
    from lotwise.outofcore import Source

METHODS = ("pearson", "spearman")
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("correlate-store")
@click.argument("store", type=PATH)
@click.option("--out", "-o", type=PATH, required=True, help="Folder of the results.")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="pearson",
    show_default=True,
    help="Spearman gives ties their average rank.",
)
@click.option("--nearest", type=int, help="Find so many nearest samples, not the whole matrix.")
@click.option("--queries", type=PATH, help="Samples whose nearest are sought, zarr or h5ad.")
@click.option(
    "--min-shared",
    type=float,
    default=0.9,
    show_default=True,
    help="Least share of the store's features that the queries have.",
)
@click.option("--layer", help="Layer of STORE and of the queries.  [default: X]")
@click.option("--pseudocount", type=float, help="The values are TPM: take log2(TPM + c).")
@click.option("--features", type=EXISTING, help="File that names the features to use, one a line.")
@click.option("--memory", default="2GB", show_default=True, help="What a process may use in all.")
@click.option("--threads", type=int, help="[default: all cores; 1 a task on a cluster]")
@click.option("--scheduler", help="Address of a dask scheduler whose workers do the work.")
def command(
    *, store: Path, out: Path, nearest: int | None, queries: Path | None, **options: Any
) -> None:
    r"""Correlate the samples of STORE, which need not fit into memory.

    STORE is an AnnData as zarr or h5ad, dense or CSR, or a bare zarr array of samples x
    features. Writes METHOD.zarr below --out, an AnnData with the matrix in obsp; with
    --nearest K, METHOD.nearest.tsv instead, without ever holding the matrix. A run that was
    killed goes on where it was when the same command is given again.

    \b
    Examples:
      lotwise correlate-store atlas.zarr --memory 2GB --out results/atlas
      lotwise correlate-store atlas.zarr --nearest 20 --queries results/expression/gene.h5ad \
        --out results/atlas
    """
    from lotwise.outofcore import correlate_store, nearest_samples

    if nearest is None and queries is not None:
        msg = "--queries needs --nearest"
        raise click.UsageError(msg)
    source = _opened(store, options)
    scheduled = {name: options[name] for name in ("method", "memory", "threads")}
    scheduled["client"] = options["scheduler"]
    if nearest is None:
        correlate_store(source, out, **scheduled)
    else:
        nearest_samples(
            source,
            out,
            k=nearest,
            queries=None if queries is None else _opened(queries, options | {"features": None}),
            min_shared=options["min_shared"],
            **scheduled,
        )
    click.echo(f"written to {out}", err=True)


def _opened(store: Path, options: dict[str, Any]) -> Source:
    from lotwise.outofcore import open_store

    named = options["features"]
    return open_store(
        store,
        layer=options["layer"],
        pseudocount=options["pseudocount"],
        features=None if named is None else named.read_text(encoding="utf-8").split(),
    )
