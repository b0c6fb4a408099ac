"""How the documentation is built: offline, every notebook executed, every warning an error."""

from __future__ import annotations

import os
import sys
from functools import partialmethod
from importlib.metadata import version as version_of
from pathlib import Path

from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))
# Notebooks call the `lotwise` of the environment that builds, whatever PATH says.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# One notebook serves a made-up series from tests/services.
os.environ["LOTWISE_REPOSITORY"] = str(HERE.parent)

project = "lotwise"
author = "The lotwise developers"
copyright = "The lotwise developers"  # noqa: A001, Sphinx's own name
version = release = version_of("lotwise")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_design",
    "declared",
    "excerpts",
    "mathml",
]
exclude_patterns = ["_build", "_ext", "images"]

# Pages are Markdown; those with a kernel in their head are run at every build.
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 900

# What a command prints comes in pieces of 100 characters: joined here, since myst-nb would put each
# on a line of its own.
NotebookClient.__init__ = partialmethod(NotebookClient.__init__, coalesce_streams=True)

# No page asks the network for anything: formulas are MathML, which every browser draws.
html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"lotwise {version}"
html_static_path = ["_static"]
html_css_files = ["lotwise.css"]
html_show_copyright = False
html_copy_source = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
# Types stand in the signature, never again in the docstring: these sections are prose, where
# napoleon would look for types.
napoleon_google_docstring = False
napoleon_custom_sections = ["Attributes", "Returns", "Yields"]
napoleon_use_rtype = False

# There is no network at build time, so the inventories of other projects are not there: their
# classes, aliases of types, and classes that a package keeps to itself cannot be linked from
# signatures. Constants have no page. Functions, methods, modules and pages must all be found.
nitpick_ignore_regex = [(r"py:(class|obj|exc|data)", r".*")]
