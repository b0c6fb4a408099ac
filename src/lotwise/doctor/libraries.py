"""Checks of Python and libraries against the requirements in lotwise's metadata."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

from lotwise.doctor.finding import Finding

LOWEST_PYTHON: Final = (3, 11)
# Versions of these are listed, because readers of results ask for them; others only if wrong.
_TOLD: Final = frozenset({"anndata", "numpy", "pandas", "scanpy", "scipy", "snakemake"})
SLURM_PLUGIN: Final = "snakemake-executor-plugin-slurm"


def examine_libraries(*, with_slurm: bool) -> Iterator[Finding]:
    """Check the version of Python and of every required library."""
    fits = sys.version_info[:2] >= LOWEST_PYTHON
    yield Finding(
        check="library",
        subject="Python",
        state="ok" if fits else "missing",
        found=platform.python_version(),
        remedy="" if fits else f"install Python {'.'.join(map(str, LOWEST_PYTHON))} or newer",
    )
    yield Finding(check="library", subject="lotwise", state="ok", found=version("lotwise"))
    for requirement in _requirements():
        finding = examine_library(requirement)
        if requirement.name in _TOLD or finding.state != "ok":
            yield finding
    if with_slurm:
        yield examine_library(Requirement(f"{SLURM_PLUGIN}>=1"))


def examine_library(requirement: Requirement) -> Finding:
    """Check one library.

    Examples
    --------
    >>> print(examine_library(Requirement("no-such-library>=2")))
    missing  library no-such-library: not installed, required >=2; pip install 'no-such-library>=2'
    """
    remedy = f"pip install '{requirement.name}{requirement.specifier}'"
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        found = f"not installed, required {requirement.specifier or 'any version'}"
        state = "missing"
    else:
        fits = requirement.specifier.contains(installed, prereleases=True)
        found = installed if fits else f"{installed}, required {requirement.specifier}"
        state = "ok" if fits else "missing"
    return Finding(
        check="library",
        subject=requirement.name,
        state="ok" if state == "ok" else "missing",
        found=found,
        remedy="" if state == "ok" else remedy,
    )


def _requirements() -> Iterator[Requirement]:
    """Yield the requirements on this platform, including those of installed extras."""
    for line in requires("lotwise") or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:  # pragma: no cover, written by our own build
            continue
        marker = requirement.marker
        of_workflow = marker is not None and marker.evaluate({"extra": "workflow"})
        if (
            marker is None
            or marker.evaluate({"extra": ""})
            or (of_workflow and _is_installed(requirement))
        ):
            yield requirement


def _is_installed(requirement: Requirement) -> bool:
    try:
        version(requirement.name)
    except PackageNotFoundError:
        return False
    return True
