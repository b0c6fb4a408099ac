"""`lotwise run`."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from lotwise.errors import EnvironmentFault, InputError
from lotwise.files.shipped import shipped

# What `lotwise run --demo` simulates before it runs config/demo.yaml.
DEMO_INPUT: Final = Path("results/demo/input")
DEMO: Final = ("--as", "reads", "--de-genes", "60", "--switches", "30", "--threads", "2")


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Configuration of the run; `lotwise init` writes one.  [default: config.yaml]",
)
@click.option("--demo", is_flag=True, help="Simulate three batches and run the workflow on them.")
@click.option("--profile", default=None, help="slurm, or a folder with a Snakemake profile.")
@click.pass_context
def command(ctx: click.Context, *, config: Path | None, demo: bool, profile: str | None) -> None:
    """Run the workflow that comes with lotwise; other options are passed to snakemake.

    Every option that is not listed below is passed to snakemake, for example --cores 4,
    --dry-run or the name of a result. Without --cores or a profile, all cores are used.
    """
    if importlib.util.find_spec("snakemake") is None:
        raise EnvironmentFault(
            "snakemake is not installed", remedy="install it: pip install 'lotwise[workflow]'"
        )
    if demo and config is not None:
        raise InputError("--demo has its own configuration", remedy="do not use '--config' with it")
    chosen = shipped("config", "demo.yaml") if demo else config or Path("config.yaml")
    if not chosen.is_file():
        raise InputError(
            "no such configuration", path=chosen, remedy="`lotwise init DIR` writes one"
        )
    # The rules call `lotwise` by name: the one of this environment must be found first.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = os.environ | {"PATH": path}
    if demo:
        simulate = [sys.executable, "-m", "lotwise", "simulate", str(DEMO_INPUT), *DEMO]
        done = subprocess.run(simulate, env=environment, check=False)  # noqa: S603, our own call
        if done.returncode:
            ctx.exit(done.returncode)
    call = [sys.executable, "-m", "snakemake", *_options(chosen, profile, ctx.args)]
    sys.stdout.flush()
    sys.stderr.flush()
    ctx.exit(subprocess.run(call, env=environment, check=False).returncode)  # noqa: S603


def _options(config: Path, profile: str | None, others: list[str]) -> list[str]:
    """Return the options of snakemake.

    Examples
    --------
    >>> _options(Path("config.yaml"), None, ["--dry-run"])[-3:]
    ['--cores', 'all', '--dry-run']
    """
    words = ["--snakefile", str(shipped("workflow", "Snakefile")), "--configfile", str(config)]
    words += ["--workflow-profile", str(shipped("profiles", "default"))]
    if profile is not None:
        of_lotwise = shipped("profiles", profile)
        words += ["--profile", str(of_lotwise if of_lotwise.is_dir() else profile)]
    elif not any(word.split("=")[0] in {"--cores", "-c", "-j", "--jobs"} for word in others):
        words += ["--cores", "all"]
    return [*words, *others]
