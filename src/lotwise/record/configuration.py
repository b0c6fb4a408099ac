"""The configuration of a run with every path absolute, as the record keeps it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from lotwise.acceptance import SHIPPED as SHIPPED_CRITERIA
from lotwise.config import Config
from lotwise.files.panels import SHIPPED as SHIPPED_PANELS

Section = TypeVar("Section", bound=BaseModel)


def absolute(path: Path) -> Path:
    """Return an absolute path without following links, since their targets depend on the machine.

    Examples
    --------
    >>> absolute(Path("/data/run/../samples.tsv"))
    PosixPath('/data/samples.tsv')
    """
    return Path(os.path.abspath(path))  # noqa: PTH100, Path.absolute keeps the dots


def resolve(config: Config) -> Config:
    """Return a configuration in which every path is absolute.

    Examples
    --------
    >>> resolve(Config(samples=Path("/data/./samples.tsv"))).samples
    PosixPath('/data/samples.tsv')
    """
    return map_paths(config, absolute)


def map_paths(config: Config, change: Callable[[Path], Path]) -> Config:
    """Return a configuration with every path changed, including panels and criteria from files."""
    changed = _map_section(config, change)
    panels = tuple(
        panel if panel in SHIPPED_PANELS else str(change(Path(panel)))
        for panel in config.evidence.panels
    )
    criteria = config.acceptance
    if criteria is not None and criteria not in SHIPPED_CRITERIA:
        criteria = str(change(Path(criteria)))
    return changed.model_copy(
        update={
            "acceptance": criteria,
            "evidence": changed.evidence.model_copy(update={"panels": panels}),
        }
    )


def _map_section(section: Section, change: Callable[[Path], Path]) -> Section:
    update: dict[str, object] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            update[name] = _map_section(value, change)
        elif isinstance(value, Path):
            update[name] = change(value)
    return section.model_copy(update=update)
