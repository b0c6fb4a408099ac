"""All checks, one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lotwise.config import Config
from lotwise.doctor.finding import Finding
from lotwise.doctor.libraries import examine_libraries
from lotwise.doctor.machine import examine_machine
from lotwise.doctor.profile import Profile
from lotwise.doctor.slurm import Cluster, ask_cluster, examine_leftovers, examine_slurm


def examine(
    config: Config,
    *,
    profile: Profile | None = None,
    folder: Path = Path(),
    timeout: float = 10.0,
    cluster: Cluster | None = None,
) -> list[Finding]:
    """Check whether a run of ``config`` can work on this machine.

    Parameters
    ----------
    profile
        Snakemake profile that the run uses.
    folder
        Working directory of the run.
    timeout
        Seconds to wait for each address and each command of SLURM.
    cluster
        Answers of SLURM; requested if not given.
    """
    cluster = cluster or ask_cluster(timeout=timeout)
    on_slurm = profile is not None and profile.executor == "slurm"
    return [
        *examine_libraries(with_slurm=on_slurm),
        *_despite_missing_libraries("program", lambda: _programs(config)),
        *examine_machine(config),
        *_despite_missing_libraries("network", lambda: _network(config, timeout)),
        *examine_slurm(cluster, profile),
        *examine_leftovers(folder, timeout=timeout),
    ]


# Imported on call: these modules need libraries that may be missing.
def _programs(config: Config) -> Iterable[Finding]:
    from lotwise.doctor.programs import examine_programs

    return examine_programs(config)


def _network(config: Config, timeout: float) -> Iterable[Finding]:
    from lotwise.doctor.network import examine_network

    return examine_network(config, timeout=timeout)


def _despite_missing_libraries(
    check: str, look: Callable[[], Iterable[Finding]]
) -> Iterator[Finding]:
    try:
        yield from look()
    except ImportError as error:
        yield Finding(
            check=check,
            subject="(all)",
            state="missing",
            found=f"not checked, a library is missing ({error})",
            remedy="install the libraries listed above",
        )
