"""Names of runs and samples in a MultiQC report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath


def name_runs(runs: Iterable[str]) -> dict[str, str]:
    """Return a name for each folder: its last parts, as many as it takes to tell all apart.

    Examples
    --------
    >>> name_runs(["/a/results"])
    {'/a/results': 'results'}
    >>> name_runs(["/a/lots/results", "/b/lots/results"])
    {'/a/lots/results': 'a/lots/results', '/b/lots/results': 'b/lots/results'}
    """
    parts = {run: PurePath(run).parts for run in runs}
    longest = max(map(len, parts.values()), default=0)
    for n_parts in range(1, longest + 1):
        named = {run: "/".join(of_run[-n_parts:]) for run, of_run in parts.items()}
        if len(set(named.values())) == len(named):
            return named
    return {run: run for run in parts}


def name_samples(
    samples: Mapping[str, Iterable[str]], runs: Mapping[str, str], clean: Callable[[str, str], str]
) -> dict[tuple[str, str], str]:
    """Return the name of each sample of each run, by run and name on file.

    Parameters
    ----------
    samples
        Samples by run.
    runs
        Name of each run; it is put before a sample that several runs have.
    clean
        Function of run and sample that shortens or replaces a name, as MultiQC's options say. Its
        names are not used for a run in which it makes two samples one.

    Examples
    --------
    >>> name_samples({"/a/x": ["S1.bam"], "/a/y": ["S1", "S2"]}, {"/a/x": "x", "/a/y": "y"},
    ...              lambda _, sample: sample.removesuffix(".bam"))
    {('/a/x', 'S1.bam'): 'x | S1', ('/a/y', 'S1'): 'y | S1', ('/a/y', 'S2'): 'S2'}
    """
    named: dict[tuple[str, str], str] = {}
    for run, of_run in samples.items():
        cleaned = {sample: clean(run, sample) for sample in of_run}
        alike = len(set(cleaned.values())) < len(cleaned)
        named |= {(run, sample): sample if alike else name for sample, name in cleaned.items()}
    owners: dict[str, set[str]] = {}
    for (run, _), name in named.items():
        owners.setdefault(name, set()).add(run)
    return {
        (run, sample): f"{runs[run]} | {name}" if len(owners[name]) > 1 else name
        for (run, sample), name in named.items()
    }
