"""The scripts of others inside the page fit the libraries that write for them."""

import gzip
from importlib.resources import files

import altair as alt

VENDORED = files("lotwise.report").joinpath("vendored")


def test_vega__draws_the_version_that_altair_writes():
    script = gzip.decompress(VENDORED.joinpath("vega/vega-embed.js.gz").read_bytes()).decode()

    assert f'"{alt.SCHEMA_VERSION.removeprefix("v")}"' in script


def test_vega__brings_the_licence_of_each_package():
    licences = VENDORED.joinpath("vega/LICENSES.txt").read_text()

    for package in ("vega", "vega-lite", "vega-embed", "d3-array", "topojson-client", "tslib"):
        assert package in licences
    assert "University of Washington Interactive Data Lab" in licences
