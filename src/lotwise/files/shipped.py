"""Files that come with lotwise: the workflow, its profiles, panels and acceptance criteria."""

from __future__ import annotations

from functools import cache
from pathlib import Path

# In an installed package they are in the package folder, in a checkout at its top.
_INSTALLED = Path(__file__).parents[1] / "shipped"
_CHECKOUT = Path(__file__).parents[3]


def shipped(*parts: str) -> Path:
    """Return the path of a file or folder that comes with lotwise.

    Examples
    --------
    >>> shipped("config", "panels", "sex.yaml").is_file()
    True
    >>> shipped("workflow", "Snakefile").is_file()
    True
    """
    root = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
    return root.joinpath(*parts)


@cache
def shipped_names(folder: str) -> tuple[str, ...]:
    """Return the names of the YAML files of a folder below ``config``.

    Examples
    --------
    >>> "example" in shipped_names("acceptance")
    True
    """
    return tuple(sorted(path.stem for path in shipped("config", folder).glob("*.yaml")))
