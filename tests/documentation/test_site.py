"""What the documentation must hold, and that its pages ask the network for nothing."""

from __future__ import annotations

import html
import importlib
import inspect
import pkgutil
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import pytest
from pydantic import BaseModel
from sphinx.util.inventory import InventoryFile

import lotwise
from lotwise.cli import lotwise as command_line
from lotwise.config import Config
from lotwise.files.records import Record, columns

ROOT = Path(__file__).resolve().parents[2]


class Addresses(HTMLParser):
    """Collects what a page links to, what it loads, and the anchors it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and given.get("href"):
            self.links.add(given["href"])
        elif tag == "link" and given.get("rel") not in {"index", "search", "next", "prev"}:
            self.loads.add(given.get("href") or "")
        elif given.get("src"):
            self.loads.add(given["src"])


def text_of(page: Path) -> str:
    """The words of a page, without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def addresses(site):
    return {page: Addresses(page) for page in site.rglob("*.html")}


def commands_of(command, path):
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands_of(command.get_command(context, name), f"{path} {name}")


def test_command_line__every_command_and_option(site):
    text = text_of(site / "reference" / "cli.html")
    listed = dict(commands_of(command_line, "lotwise"))
    assert len(listed) > 10
    for path, command in listed.items():
        assert f"$ {path} " in text, path
        for parameter in command.params:
            for option in parameter.opts if isinstance(parameter, click.Option) else ():
                assert option in text, f"{path} {option}"


def sections_in(annotation):
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from sections_in(argument)


def keys_of(model, prefix=""):
    for name, field in model.model_fields.items():
        inner = list(sections_in(field.annotation))
        yield from keys_of(inner[0], f"{prefix}{name}.") if inner else [f"{prefix}{name}"]


def test_configuration__every_key(site):
    text = text_of(site / "reference" / "configuration.html")
    keys = list(keys_of(Config))
    assert {"source", "acquire.urls.geo", "reads.limits.smallest_reads_used"} < set(keys)
    assert [key for key in keys if key not in text] == []


def modules():
    for found in pkgutil.walk_packages(lotwise.__path__, "lotwise."):
        # The plugin needs MultiQC, which lives in an environment of its own.
        if not found.name.startswith(("lotwise.__main__", "lotwise.multiqc_plugin")):
            yield importlib.import_module(found.name)


def test_tables__every_record_with_its_columns(site):
    tables = {
        record
        for module in modules()
        for _, record in inspect.getmembers(module, inspect.isclass)
        if issubclass(record, Record) and record is not Record and not record.__subclasses__()
    }
    assert len(tables) > 20
    text = text_of(site / "formats" / "tables.html")
    missing = []
    for record in tables:
        title = record.table or record.__name__.removesuffix("Record")
        section = re.search(rf"\n{re.escape(title)}¶?\n(.*?)(?:¶|\Z)", text, re.DOTALL)
        words = section[1].split() if section else []
        missing += [f"{record.__name__}.{name}" for name in columns(record) if name not in words]
    assert missing == []


def public_names():
    """What a package offers by `__all__`; of modules without one, what they define."""
    faces = set()
    for module in modules():
        if module.__name__.startswith("lotwise.cli"):
            continue
        if any(module.__name__.startswith(f"{face}.") for face in faces):
            continue
        # The modules of metrics are documented one by one: some share a name with a function.
        if module.__name__ == "lotwise.metrics":
            continue
        if hasattr(module, "__all__"):
            faces.add(module.__name__)
        own = [
            name
            for name, thing in vars(module).items()
            if getattr(thing, "__module__", "") == module.__name__
        ]
        for name in getattr(module, "__all__", own):
            thing = getattr(module, name)
            is_code = inspect.isfunction(thing) or inspect.isclass(thing)
            if is_code and not name.startswith("_") and thing.__doc__:
                yield f"{module.__name__}.{name}"


def test_library__every_public_function(site):
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="").data
    documented = {
        name for role, names in inventory.items() if role.startswith("py:") for name in names
    }
    wanted = set(public_names())
    assert {"lotwise.tl.correlate", "lotwise.metrics.correlation.pearson"} < wanted
    # These stand under another of their names: where they are called, and with their kin.
    assert wanted - documented == {
        "lotwise.config.AcquireSettings",
        "lotwise.expression.from_frame",
        "lotwise.expression.read_quant",
    }
    functions = {
        f"lotwise.{name}" for name in lotwise.__all__ if inspect.isfunction(getattr(lotwise, name))
    }
    assert functions == {
        f"lotwise.{name}"
        for name in ("compare", "from_frame", "profile_of", "read_quant", "titrate")
    }
    assert documented > functions | {"lotwise.config.acquire.AcquireSettings"}


def test_pages__load_nothing_from_elsewhere(addresses):
    foreign = {
        f"{page.name}: {address}"
        for page, found in addresses.items()
        for address in found.loads
        if urlsplit(address).scheme in {"http", "https"} or address.startswith("//")
    }
    assert foreign == set()


def test_pages__links_resolve(addresses):
    broken = []
    for page, found in addresses.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            anchors = addresses[target].anchors if target in addresses else None
            known = target.exists() and (
                not parts.fragment or anchors is None or unquote(parts.fragment) in anchors
            )
            if not known:
                broken.append(f"{page.name}: {link}")
    assert broken == []


def test_pages__formulas_need_no_script(addresses, site):
    page = site / "methods" / "pearson.html"
    assert page.read_text(encoding="utf-8").count("<math xmlns") == 5
    assert [load for load in addresses[page].loads if "mathjax" in load.lower()] == []


def test_pages__examples_were_run(site):
    pages = [*(site / "methods").glob("*.html"), *(site / "tutorials").glob("*.html")]
    unrun = {page.stem for page in pages if 'class="cell_output' not in page.read_text("utf-8")}
    assert unrun == {"index", "cluster"}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "results/README.md"])
def test_readme__links_resolve(name):
    page = ROOT / name
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)|src=\"([^\"]+)\"", text)
    targets = [link or source for link, source in links]
    local = [target for target in targets if not urlsplit(target).scheme]
    assert [target for target in local if not (page.parent / target).exists()] == []
