"""Excerpts below search results where pages are opened as files.

Sphinx takes excerpts from the pages themselves, which browsers do not let a page read at file://.
The search page therefore gets the text of all pages as one script, which answers in their place.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SCRIPT: Final = "page_texts.js"
_MAIN: Final = re.compile(r"<article[^>]*role=\"main\"[^>]*>(.*?)</article>", re.DOTALL)
_LEFT_OUT: Final = re.compile(
    r"<(script|style)\b.*?</\1>|<a class=\"headerlink\".*?</a>", re.DOTALL
)
_TAG: Final = re.compile(r"<(/?)(\w+)((?:\s[^>]*)?)>")
_ID: Final = re.compile(r"\bid=\"([^\"]+)\"")
# Works at file:// only: elsewhere the pages are read.
_ANSWER: Final = """
if (window.location.protocol === "file:") {
  const fetched = window.fetch;
  window.fetch = (url, ...others) => {
    const page = decodeURI(String(url)).replace(/^(\\.?\\/)*/, "").replace(/\\.html$/, "");
    if (!(page in PAGE_TEXTS)) return fetched(url, ...others);
    const text = `<main role="main">${PAGE_TEXTS[page]}</main>`;
    return Promise.resolve({ text: () => Promise.resolve(text) });
  };
}
"""


def text_of(page: str) -> str:
    """Return the text of a page; of its tags, those of sections remain, with their names."""
    found = _MAIN.search(page)
    body = _LEFT_OUT.sub("", found[1] if found else "")
    return re.sub(r"\s+", " ", _TAG.sub(_kept, body)).strip()


def _kept(tag: re.Match[str]) -> str:
    closing, name, attributes = tag.groups()
    if name != "section":
        return " " if name in {"p", "td", "th", "li", "dt", "dd", "h1", "h2", "h3", "pre"} else ""
    named = _ID.search(attributes)
    return "</section>" if closing else f'<section id="{html.escape(named[1] if named else "")}">'


def add_script(app: Sphinx, page: str, *_: Any) -> None:
    """Load the texts on the search page alone."""
    if page == "search":
        app.add_js_file(SCRIPT)


def write_texts(app: Sphinx, error: Exception | None) -> None:
    """Write the texts of all pages as a script."""
    if error is None and app.builder.name == "html":
        root = Path(app.outdir)
        texts = {
            name: text_of((root / f"{name}.html").read_text(encoding="utf-8"))
            for name in sorted(app.env.found_docs)
        }
        script = f"const PAGE_TEXTS = {json.dumps(texts)};\n{_ANSWER}"
        (root / "_static" / SCRIPT).write_text(script, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write_texts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
