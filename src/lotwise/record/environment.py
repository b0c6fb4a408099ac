"""The software and the machine of a run."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Final

from lotwise.errors import LotwiseError
from lotwise.record.provenance import Machine, Software

# Libraries whose version can change a number or a figure.
LIBRARIES: Final = (
    "anndata",
    "h5py",
    "isal",
    "matplotlib",
    "numpy",
    "pandas",
    "polars",
    "pydantic",
    "pydeseq2",
    "scanpy",
    "scipy",
    "seaborn",
    "snakemake",
    "threadpoolctl",
)


def libraries() -> dict[str, str]:
    """Return the versions of the installed libraries that compute."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def software() -> Software:
    """Return the version of lotwise and, from a checkout or the installer, its commit.

    Examples
    --------
    >>> software().version == version("lotwise")
    True
    """
    commit, modified = _commit_of_checkout(Path(__file__).parents[3])
    return Software(
        version=version("lotwise"), commit=commit or _commit_of_install(), modified=modified
    )


def machine() -> Machine:
    """Return a description of the machine, without names of host and user."""
    # The libraries that NumPy and SciPy compute with are known once both are loaded.
    import numpy  # noqa: ICN001, F401
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    blas = {
        f"{item['internal_api']} {item['version']} ({item.get('architecture', 'unknown')})"
        for item in threadpool_info()
        if item["user_api"] == "blas"
    }
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
        cpus=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        memory_bytes=_memory(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        blas=tuple(sorted(blas)),
    )


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _commit_of_checkout(root: Path) -> tuple[str | None, bool | None]:
    """Return the commit from git, if the package is imported from a checkout of its own."""
    from lotwise.quantify.program import ask_version

    git = root / ".git"
    # The environment of lotwise may be inside the repository of another project.
    if not (git.exists() and (root / "src" / "lotwise" / "record").is_dir()):
        return None, None
    command = ("git", f"--git-dir={git}", f"--work-tree={root}", "describe", "--always")
    try:
        found = ask_version(
            (*command, "--abbrev=40", "--exclude=*", "--dirty"), r"^([0-9a-f]{40}(?:-dirty)?)$"
        )
    except LotwiseError:
        return None, None
    return found.removesuffix("-dirty"), found.endswith("-dirty")


def _commit_of_install() -> str | None:
    """Return the commit noted by the installer, if lotwise was installed from a repository."""
    noted = distribution("lotwise").read_text("direct_url.json")
    if noted is None:
        return None
    commit = json.loads(noted).get("vcs_info", {}).get("commit_id")
    return commit if isinstance(commit, str) else None
