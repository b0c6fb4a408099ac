"""Options and settings that the commands which reach GEO and ENA share."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lotwise.config import parse_config
from lotwise.config.acquire import ADDRESSES, AcquireSettings, strike_logins
from lotwise.errors import InputError

Command = TypeVar("Command", bound=Callable[..., Any])
Result = TypeVar("Result")

SECTION = "acquire"


def acquiring_options(command: Command) -> Command:
    """Add the options for configuration, place and network."""
    for option in reversed(
        (
            click.option(
                "--config",
                type=click.Path(path_type=Path, dir_okay=False),
                help="Configuration; its section 'acquire' is used.",
            ),
            click.option(
                "--settings",
                metavar="JSON",
                help="That section as JSON, instead of a configuration (for workflows).",
            ),
            click.option(
                "--downloads",
                type=click.Path(path_type=Path, file_okay=False),
                help="Where fetched files are kept  [default: downloads].",
            ),
            click.option(
                "--base-url",
                "base_urls",
                multiple=True,
                metavar="SOURCE=URL",
                help="A mirror of geo, geo_download, ena_portal, ena_fastq, gencode or ensembl.",
            ),
            click.option("--offline", is_flag=True, help="Use what is there, fetch nothing."),
            click.option("--yes", is_flag=True, help="Do not ask before a large download."),
        )
    ):
        command = option(command)
    return command


def settings_of(
    config: Path | None,
    settings: str | None,
    *,
    downloads: Path | None = None,
    base_urls: tuple[str, ...] = (),
    offline: bool = False,
) -> AcquireSettings:
    """Read the section ``acquire``, from a file or as JSON, and lay the options over it.

    Raises
    ------
    InputError
        The file cannot be read, or a key or a value is wrong.
    """
    if config is not None and settings is not None:
        raise InputError("--config and --settings exclude one another", remedy="give one")
    given = _section(config) if config is not None else _parsed(settings or "{}")
    if downloads is not None:
        given["downloads"] = str(downloads)
    urls = _with_logins(given.get("urls") or {}) if settings is not None else given.get("urls")
    urls = dict(urls or {})
    for pair in base_urls:
        name, equals, url = pair.partition("=")
        if not equals:
            raise InputError(f"--base-url {pair!r} came, needed is SOURCE=URL")
        urls[name] = url
    if urls:
        given["urls"] = urls
    if offline:
        given["network"] = {**(given.get("network") or {}), "offline": True}
    return parse_config({SECTION: given}, source=origin_of(config, settings)).acquire


def origin_of(config: Path | None, settings: str | None) -> str:
    """Say where the section is written; a workflow hands it over from its configuration."""
    if config is not None:
        return str(config)
    return "the command line" if settings is None else "the configuration"


def with_cap(attempt: Callable[[bool], Result], *, yes: bool) -> Result:
    """Do ``attempt(over_cap)``; where the cap is passed, ask a person, if there is one."""
    from lotwise.acquire.download.budget import CapError

    try:
        return attempt(yes)
    except CapError as error:
        # Where either leads into a file, nobody sees the question or can answer it.
        sees = sys.stdin.isatty() and sys.stderr.isatty()
        if not sees or not click.confirm(f"{error.problem}; go on?", err=True):
            raise
        return attempt(True)


def wants_bar() -> bool | None:
    """Tell whether a bar is shown: none with --quiet, else where there is a terminal."""
    return False if click.get_current_context().find_root().params.get("quiet") else None


def _with_logins(urls: dict[str, str]) -> dict[str, str]:
    """Put back the logins that a workflow struck out of the addresses on its command line."""
    whole = _parsed(os.environ.get(ADDRESSES, "{}"))
    return {
        name: whole[name] if strike_logins(str(whole.get(name))) == url else url
        for name, url in urls.items()
    }


def _section(config: Path) -> dict[str, Any]:
    from lotwise.files.yaml import parse_yaml

    try:
        document = parse_yaml(config.read_text(encoding="utf-8"), source=config)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path=config) from None
    except UnicodeDecodeError:
        raise InputError("is not YAML (not text in UTF-8)", path=config) from None
    section = document.get(SECTION) if isinstance(document, dict) else None
    if not isinstance(section, dict):
        raise InputError(f"has no section {SECTION!r}", path=config)
    return dict(section)


def _parsed(settings: str) -> dict[str, Any]:
    try:
        given = json.loads(settings)
    except ValueError as error:
        raise InputError(f"--settings is not JSON ({error})") from None
    if not isinstance(given, dict):
        raise InputError("--settings is no JSON object")
    return given
