"""`lotwise correlate-store`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from lotwise.cli.options import PATH

if TYPE_CHECKING:
    from lotwise.outofcore import Source

METHODS = ("pearson", "spearman")
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)

_EXAMPLES: Final = """\b
Examples:
  lotwise correlate-store atlas.zarr --memory 2GB --out results
  lotwise correlate-store atlas.zarr --nearest 20 --queries gene.h5ad --out results
"""


@click.command("correlate-store", epilog=_EXAMPLES)
@click.argument("store", type=PATH)
@click.option("--out", "-o", type=PATH, required=True, help="Folder of the results.")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="pearson",
    show_default=True,
    help="Correlation coefficient; spearman gives tied values their average rank.",
)
@click.option(
    "--nearest", type=int, help="Store this number of nearest samples per sample, not the matrix."
)
@click.option(
    "--queries", type=PATH, help="Samples (zarr or h5ad) for which the nearest samples are found."
)
@click.option(
    "--min-shared",
    type=float,
    default=0.9,
    show_default=True,
    help="Minimum fraction of the store's features that the queries must contain.",
)
@click.option("--layer", help="Layer of STORE and of the queries.  [default: X]")
@click.option("--pseudocount", type=float, help="c of log2(TPM + c), if the values are TPM.")
@click.option("--features", type=EXISTING, help="File with the features to use, one per line.")
@click.option("--memory", default="2GB", show_default=True, help="Memory limit of the process.")
@click.option(
    "--threads",
    type=int,
    help="Number of threads.  [default: all cores; on a cluster, 1 for each task]",
)
@click.option("--scheduler", help="Address of a dask scheduler; its workers do the computation.")
def command(
    *, store: Path, out: Path, nearest: int | None, queries: Path | None, **options: Any
) -> None:
    """Correlate the samples of STORE, which need not fit into memory.

    STORE is an AnnData file (zarr or h5ad, dense or CSR) or a zarr array of samples x
    features. Writes METHOD.zarr below --out, an AnnData with the matrix in obsp. With
    --nearest K, writes METHOD.nearest.tsv instead and never holds the whole matrix. To
    continue a run that was killed, give the same command again.
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
