"""Options and settings shared by the commands that access GEO and ENA."""

from __future__ import annotations

import json
import os
import signal
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
    """Add the options for configuration, folder and network."""
    for option in reversed(
        (
            click.option(
                "--config",
                type=click.Path(path_type=Path, dir_okay=False),
                help="Configuration file; its section 'acquire' is used.",
            ),
            click.option(
                "--settings",
                metavar="JSON",
                help="The section 'acquire' as JSON, instead of a file (for workflows).",
            ),
            click.option(
                "--downloads",
                type=click.Path(path_type=Path, file_okay=False),
                help="Folder for downloaded files.  [default: downloads]",
            ),
            click.option(
                "--base-url",
                "base_urls",
                multiple=True,
                metavar="SOURCE=URL",
                help="Address of a mirror. SOURCE is geo, geo_download, ena_portal, ena_fastq, "
                "gencode or ensembl.",
            ),
            click.option(
                "--offline", is_flag=True, help="Use downloaded files only; no network access."
            ),
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
    """Read the section ``acquire`` from a file or from JSON; options override its values.

    Raises
    ------
    InputError
        The file cannot be read, or a key or value is wrong.
    """
    if config is not None and settings is not None:
        raise InputError(
            "--config and --settings cannot be combined", remedy="use only one of the two"
        )
    given = _section(config) if config is not None else _parsed(settings or "{}")
    if downloads is not None:
        given["downloads"] = str(downloads)
    urls = _with_logins(given.get("urls") or {}) if settings is not None else given.get("urls")
    urls = dict(urls or {})
    for pair in base_urls:
        name, equals, url = pair.partition("=")
        if not equals:
            raise InputError(f"--base-url must be SOURCE=URL, got {pair!r}")
        urls[name] = url
    if urls:
        given["urls"] = urls
    if offline:
        given["network"] = {**(given.get("network") or {}), "offline": True}
    return parse_config({SECTION: given}, source=origin_of(config, settings)).acquire


def origin_of(config: Path | None, settings: str | None) -> str:
    """Return where the section is written, for messages; a workflow passes its configuration."""
    if config is not None:
        return str(config)
    return "the command line" if settings is None else "the configuration"


def with_cap(attempt: Callable[[bool], Result], *, yes: bool) -> Result:
    """Call ``attempt(over_cap)``; above the size limit, ask the user if there is a terminal."""
    from lotwise.acquire.download.budget import CapError

    try:
        return attempt(yes)
    except CapError as error:
        # If either stream is a file, nobody sees the question or can answer it.
        sees = sys.stdin.isatty() and sys.stderr.isatty()
        if sees:
            # polars, once imported, lets the wait for an answer go on after Ctrl-C.
            signal.siginterrupt(signal.SIGINT, True)
        if not sees or not click.confirm(f"{error.problem}; go on?", err=True):
            raise
        return attempt(True)


def wants_bar() -> bool | None:
    """Return whether to show a progress bar: False with --quiet, else None (on a terminal only)."""
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
        raise InputError("is not YAML (not UTF-8 text)", path=config) from None
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
        raise InputError("--settings is not a JSON object")
    return given
