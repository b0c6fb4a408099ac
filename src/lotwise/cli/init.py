"""`lotwise init`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from lotwise.cli.options import PATH
from lotwise.config import Config, ExpressionConfig, write_template
from lotwise.errors import InputError
from lotwise.files.atomic import atomic_path

_SAMPLES: Final = (
    "sample\tbatch\treplicate\tquant\n"
    "batch1_rep1\tbatch1\t1\tquant/batch1_rep1\n"
    "batch2_rep1\tbatch2\t1\tquant/batch2_rep1\n"
    "batch3_rep1\tbatch3\t1\tquant/batch3_rep1\n"
)

_OF_CONFIG: Final = """\
or with the settings of config.yaml{once}:
  cd {directory} && lotwise compare --config config.yaml
or the whole workflow with them (quantification too, if there are reads):
  cd {directory} && lotwise run --cores all"""


@click.command("init")
@click.argument("directory", type=PATH)
@click.option(
    "--from",
    "source",
    type=PATH,
    help="Make samples.tsv from this folder (output of nf-core/rnaseq, or runs of salmon, "
    "kallisto or RSEM) or from a sample sheet of nf-core/rnaseq.",
)
def command(*, directory: Path, source: Path | None) -> None:
    """Write a commented config.yaml and samples.tsv into DIRECTORY.

    Existing files are never overwritten.
    """
    found = None
    if source is not None:
        from lotwise.expression.discover import find_samples

        found = find_samples(source, relative_to=directory)
    tx2gene = found.tx2gene if found else None
    # Paths of the configuration start at DIRECTORY, from which it is used.
    config = Config(expression=ExpressionConfig(tx2gene=tx2gene and tx2gene.absolute()))
    once = "" if tx2gene else ", once tx2gene is set there"
    texts = {
        "config.yaml": write_template(config, leave_out=("acquire",)),
        "samples.tsv": found.sheet if found else _SAMPLES,
    }
    present = [name for name in texts if (directory / name).exists()]
    if present:
        raise InputError(
            f"{' and '.join(present)} already exists",
            path=directory,
            remedy="choose another folder, or remove what already exists",
        )
    for name, text in texts.items():
        with atomic_path(directory / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
        click.echo(f"wrote {directory / name}", err=True)
    if found is not None:
        click.echo(
            f"found {found.n_samples} samples; next: check the column batch of samples.tsv, then\n"
            f"  lotwise compare {directory / 'samples.tsv'} --tx2gene {tx2gene or 'FILE'} "
            "--out results",
            err=True,
        )
        click.echo(_OF_CONFIG.format(directory=directory, once=once), err=True)
        return
    click.echo(
        "next: fill in samples.tsv and tx2gene, then\n"
        f"  lotwise compare {directory / 'samples.tsv'} --tx2gene FILE --out results",
        err=True,
    )
    click.echo(_OF_CONFIG.format(directory=directory, once=once), err=True)
