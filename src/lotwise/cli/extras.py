"""Optional libraries, installed by extras such as ``pip install 'lotwise[report]'``."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from importlib.metadata import requires
from typing import Final

from lotwise.errors import EnvironmentFault

EXTRAS: Final = ("report", "workflow", "acquire", "cluster", "de")
# Libraries whose module name differs from the distribution name.
_MODULES: Final = {"pillow": "PIL", "geoparse": "GEOparse"}


def require_extra(extra: str) -> None:
    """Raise an error if a library of an extra is not installed.

    Raises
    ------
    EnvironmentFault
        Its message names the first missing library and the command that installs all of them.
    """
    for module in modules_of(extra):
        if importlib.util.find_spec(module) is None:
            raise EnvironmentFault(_words(module, extra))


def missing_extra(error: BaseException) -> str | None:
    """Return what to install if an import failed because an extra is missing; else None.

    Examples
    --------
    >>> missing_extra(ModuleNotFoundError("No module named 'altair'", name="altair"))
    "altair is not installed; pip install 'lotwise[report]'"
    >>> missing_extra(ModuleNotFoundError("No module named 'x'", name="x"))
    """
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return None
    module = error.name.partition(".")[0]
    extra = next((name for name in EXTRAS if module in modules_of(name)), None)
    return None if extra is None else _words(module, extra)


def modules_of(extra: str) -> tuple[str, ...]:
    """Return the modules that an extra installs, from the metadata of the installed package.

    Examples
    --------
    >>> "altair" in modules_of("report")
    True
    """
    return tuple(_modules(extra))


def _modules(extra: str) -> Iterator[str]:
    for requirement in requires("lotwise") or ():
        declared, _, marker = requirement.partition(";")
        if re.search(rf"extra\s*==\s*['\"]{extra}['\"]", marker):
            name = re.split(r"[^\w.-]", declared.strip(), maxsplit=1)[0].lower()
            if name != "packaging":  # a version bound for snakemake, not used by lotwise
                yield _MODULES.get(name, name.replace("-", "_"))


def _words(module: str, extra: str) -> str:
    return f"{module} is not installed; pip install 'lotwise[{extra}]'"
