"""`lotwise doctor`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from lotwise.cli.options import PATH
from lotwise.errors import EXIT_ANSWER_IS_NO

_DEFAULT_CONFIG = Path("config.yaml")


@click.command(name="doctor")
@click.option(
    "--config",
    "config_path",
    type=PATH,
    help="Configuration of the run.  [default: config.yaml, if it exists]",
)
@click.option("--profile", "profile_path", type=PATH, help="Snakemake profile.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds to wait for each address and each command of SLURM.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--fix", is_flag=True, help="Write a working SLURM status command into the profile.")
def command(
    *,
    config_path: Path | None,
    profile_path: Path | None,
    timeout: float,
    as_json: bool,
    fix: bool,
) -> None:
    """Check whether a run can work on this machine, before it starts.

    Checks libraries, programs, disks, memory, the addresses from which the configuration
    downloads and, if present, SLURM. Prints one line per check: ok, warning, missing, or
    unused (absent, but not needed by this run). The exit code is 1 if something is
    missing.
    """
    from lotwise.config import Config, read_config
    from lotwise.doctor import examine, is_fit, read_profile, set_status_command
    from lotwise.doctor.slurm import ask_cluster, best_status_command

    if fix and profile_path is None:
        msg = "--fix changes a profile, so --profile is required"
        raise click.UsageError(msg)
    given = config_path or (_DEFAULT_CONFIG if _DEFAULT_CONFIG.is_file() else None)
    config = read_config(given) if given else Config()
    profile = read_profile(profile_path) if profile_path else None
    cluster = ask_cluster(timeout=timeout)
    if fix and profile is not None and not cluster.controller_fault:
        set_status_command(profile, best_status_command(cluster))
        profile = read_profile(profile.path)
    findings = examine(config, profile=profile, timeout=timeout, cluster=cluster)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        click.echo("\n".join(map(str, findings)))
    if not is_fit(findings):
        sys.exit(EXIT_ANSWER_IS_NO)
