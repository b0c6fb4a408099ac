"""Installation qualification: versions, files, linear algebra, and requirements of a run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Final

from lotwise.record.environment import libraries
from lotwise.run.qualify.case import Case, Part, run_case

PLACES_OF_LOCK: Final = (
    Path(__file__).parents[2] / "shipped_lock" / "requirements.lock",
    Path(__file__).parents[4] / "requirements.lock",
)
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]+))?", re.MULTILINE)
_FEW: Final = 5


def installation_cases() -> Iterator[Case]:
    """Run the cases of the installation."""
    part: Part = "installation"
    yield run_case(
        part, "IQ-001", "versions", "each computing library has its locked version", _versions
    )
    yield run_case(
        part,
        "IQ-002",
        "files",
        "files of lotwise and its computing libraries are unchanged",
        _files,
    )
    yield run_case(
        part, "IQ-003", "linear algebra", "sums of products agree with exact sums to 1e-12", _blas
    )
    yield run_case(
        part, "IQ-004", "needs of a run", "no library, folder or disk space is missing", _doctor
    )


def _versions() -> tuple[str, bool]:
    lock = next((place for place in PLACES_OF_LOCK if place.is_file()), None)
    if lock is None:
        return "the lock is not installed", False
    pinned: dict[str, set[str]] = {}
    for name, number, _ in _PINNED.findall(lock.read_text(encoding="utf-8")):
        pinned.setdefault(_normal(name), set()).add(number)
    present = libraries()
    other = [
        f"{name} {number} (locked: {' or '.join(sorted(pinned[_normal(name)]))})"
        for name, number in present.items()
        if _normal(name) in pinned and number not in pinned[_normal(name)]
    ]
    unknown = [name for name in present if _normal(name) not in pinned]
    told = "; ".join([*other, *(f"{name} is not in the lock" for name in unknown)])
    return told or f"lotwise {version('lotwise')}; {len(present)} libraries as locked", not told


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _files() -> tuple[str, bool]:
    """Compare installed files with the SHA-256 recorded by the installer."""
    n_files, changed = 0, []
    for name in ("lotwise", "numpy", "scipy", "pandas", "polars", "anndata"):
        try:
            listed = distribution(name).files or []
        except PackageNotFoundError:
            changed.append(f"{name} is not installed")
            continue
        for file in listed:
            # Scripts are rewritten for the environment in which they are installed.
            if file.hash is None or file.hash.mode != "sha256" or file.parts[0] == "..":
                continue
            n_files += 1
            try:
                digest = hashlib.sha256(Path(str(file.locate())).read_bytes()).digest()
            except OSError:
                changed.append(f"{file} is missing")
                continue
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                changed.append(f"{file} has changed")
    told = "; ".join(changed[:_FEW])
    return told or f"{n_files:,} files unchanged", not changed


def _blas() -> tuple[str, bool]:
    import math

    import numpy as np
    from threadpoolctl import threadpool_info

    kernels = sorted(
        f"{item['internal_api']} {item['version']} ({item.get('architecture', 'unknown')})"
        for item in threadpool_info()
        if item["user_api"] == "blas"
    )
    values = np.random.default_rng(11).normal(size=(8, 4_000))
    product = values @ values.T
    exact = [[math.fsum((one * other).tolist()) for other in values] for one in values]
    worst = float(np.abs(product - np.array(exact)).max() / 4_000)
    return f"{', '.join(kernels)}; largest deviation {worst:.1e}", worst < 1e-12


def _doctor() -> tuple[str, bool]:
    from lotwise.config import Config
    from lotwise.doctor.finding import is_fit
    from lotwise.doctor.libraries import examine_libraries
    from lotwise.doctor.machine import examine_machine

    findings = [*examine_libraries(with_slurm=False), *examine_machine(Config())]
    missing = [str(one) for one in findings if one.state == "missing"]
    return "; ".join(missing) or f"{len(findings)} checks, nothing is missing", is_fit(findings)
