"""The page in a real browser: whole without network, without JavaScript, on paper and by ear."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from handmade import Tree
from playwright.sync_api import expect, sync_playwright
from pypdf import PdfReader

from lotwise.report.certificate import write_certificate
from lotwise.report.page import write_report

BIN = Path(sys.executable).parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECTIONS = [
    "answer", "shows", "criteria", "samples", "figures", "heatmaps", "sensitivity", "agreement",
    "contributions", "isoforms", "batches", "panels", "methods", "provenance",
]  # fmt: skip
CRITERIA = """
title: Release of lots
criteria:
  - id: gene_r
    statement: lowest R between batches is at least 0.999
    rationale: as before
    level: gene
    table: pairs
    rows: {relation: between, feature_set: all}
    statistic: pearson
    at_least: 0.999
"""
PROVENANCE = {
    "lotwise": {"version": "0.1.0", "commit": "abc"},
    "started": "2026-01-01T00:00:00Z",
    "programs": [{"name": "kallisto", "version": "0.52", "command": ["kallisto", "quant"]}],
    "inputs": [{"path": "input/samples.tsv", "bytes": 12, "sha256": "cd" * 32, "source": "here"}],
    "configuration": {"figures": {"note": "simulated data"}},
}
HOSTILE = [
    "<script>window.hacked=1</script>",
    "\"'><img src=x onerror=window.hacked=1>",
    "=cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc\N{HEBREW LETTER ALEF}",
    "{{ 7 * 7 }}",
    "x" * 10_000,
]


def lotwise(*words, cwd, code=0):
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    command = [BIN / "lotwise", *map(str, words)]
    done = subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=True)
    assert done.returncode == code, done.stderr.decode()


def compared(folder, *simulated, statistics=()):
    lotwise("simulate", "input", *simulated, cwd=folder)
    chosen = [word for name in statistics for word in ("--statistic", name)]
    lotwise(
        "compare", "input/samples.tsv", "--tx2gene", "input/reference/tx2gene.tsv", "--out", "out",
        "--format", "png", "--no-report", *chosen, cwd=folder,
    )  # fmt: skip
    return folder / "out"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Three batches with a verdict that fails and a provenance."""
    folder = tmp_path_factory.mktemp("small")
    out = compared(folder, "--genes", "200")
    (folder / "strict.yaml").write_text(CRITERIA)
    lotwise("verdict", "--criteria", "strict.yaml", "--out", "out", cwd=folder, code=1)
    (out / "provenance.json").write_text(json.dumps(PROVENANCE))
    return write_report(out)


@pytest.fixture(scope="module")
def many(shared, tmp_path_factory):
    """24 samples of 205,870 isoforms: six macrophage lines, each four times, reads drawn anew."""
    folder = tmp_path_factory.mktemp("many")
    rng = np.random.default_rng(6)
    sheet = ["sample\tbatch\tquant"]
    for quant in sorted((shared / "macrophage_naive/quants").iterdir()):
        whole = pl.read_csv(quant / "quant.sf.gz", separator="\t")
        for replicate in range(1, 5):
            # Poisson and not a share of the same reads: a library twice is an invalid comparison.
            counts = rng.poisson(0.8 * whole["NumReads"].to_numpy())
            rate = counts / whole["EffectiveLength"].to_numpy()
            sample = f"{quant.name}_{replicate}"
            drawn = whole.with_columns(
                TPM=pl.Series(1e6 * rate / rate.sum()), NumReads=pl.Series(counts)
            )
            drawn.write_csv(folder / f"{sample}.sf", separator="\t")
            sheet.append(f"{sample}\t{quant.name}\t{sample}.sf")
    (folder / "samples.tsv").write_text("\n".join(sheet) + "\n")
    # Everything that a run computes stands on the page that is weighed.
    lotwise(
        "compare", "samples.tsv", "--out", "out", "--format", "png", "--criteria", "example",
        "--tx2gene", shared / "macrophage_naive/tx2gene_from_gencode27.csv.gz",
        cwd=folder, code=1,
    )  # fmt: skip
    return folder / "out" / "report.html"


@pytest.fixture(params=["small", "many"])
def of_any_size(request):
    """Three batches, and 24 samples of real size."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def browser(require):
    require("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield launched
        launched.close()


class Seen:
    """A page, what it asked of the network and what it complained of."""

    def __init__(self, context, path) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context.route("**/*", self._answer)
        self.page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.own = path.as_uri()
        self.page.goto(self.own)

    def _answer(self, route) -> None:
        address = route.request.url
        if address == self.own or address.startswith(("data:", "blob:")):
            route.continue_()
        else:
            self.requests.append(address)
            route.abort()

    def _hear(self, message) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@pytest.fixture
def see(browser):
    """Open a page in a fresh profile."""
    contexts = []

    def opening(path, **options):
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}, accept_downloads=True, **options
        )
        contexts.append(context)
        return Seen(context, path)

    yield opening
    for context in contexts:
        context.close()


def drawn(page, level="gene"):
    """Scroll to the explorer of a level and wait until its clouds are drawn."""
    panel = page.locator(f".explorer[data-level={level}]")
    panel.scroll_into_view_if_needed()
    expect(panel.locator("canvas")).to_have_count(2, timeout=30_000)
    return panel


def test_page__opens_on_the_answer_and_asks_nothing_of_the_network(see, small):
    seen = see(small)
    assert seen.page.locator("h1").inner_text() == "Fail"
    assert seen.page.inner_text(".verdict").startswith(
        "1 of 1 criterion of “Release of lots” is not"
    )
    missed = seen.page.inner_text(".missed li")
    assert missed.startswith("Not met: “lowest R between batches is at least 0.999”. Found 0.9")
    assert missed.endswith("required at least 0.999.")
    assert "result tables existed" in seen.page.inner_text(".notice")
    assert "simulated data" in seen.page.inner_text(".note")
    for card in seen.page.locator(".r-value").all():
        box = card.bounding_box()
        assert box["y"] + box["height"] < 900, "R is not on the first screen"
    assert [
        part.get_attribute("id") for part in seen.page.locator("main section").all()
    ] == SECTIONS
    for level in ("gene", "isoform"):
        drawn(seen.page, level)
        heatmap = seen.page.locator(f"[data-spec=spec-heatmap-{level}]")
        heatmap.scroll_into_view_if_needed()
        expect(heatmap.locator("canvas")).to_have_count(1, timeout=30_000)
    assert (seen.requests, seen.complaints) == ([], [])


def test_page__says_not_assessable_at_the_top(see, small, tmp_path):
    """Simulated results, and criteria on a level that is there and rows that are not."""
    out = shutil.copytree(small.parent, tmp_path / "out")
    (tmp_path / "within.yaml").write_text(CRITERIA.replace("relation: between", "relation: within"))
    lotwise("verdict", "--criteria", "within.yaml", "--out", "out", cwd=tmp_path, code=1)
    page = see(write_report(out)).page
    assert page.locator("h1").inner_text() == "Not assessable"
    assert page.inner_text(".missed li").endswith(
        ". Reason: there are no replicates: each batch has only one sample per condition."
    )


def test_page__size_of_three_batches(small):
    assert small.stat().st_size < 3_000_000


def test_table__sorts_searches_and_downloads_what_is_shown(see, of_any_size):
    page = see(of_any_size).page
    table = page.locator("table[data-name=contributions-gene]")
    wrap = page.locator(".table-wrap", has=table)
    heading = table.locator("th", has_text="log2 ratio")
    heading.click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    # Real data have no column of gene names.
    place = table.locator("th").all_inner_texts().index(heading.inner_text()) + 1
    cells = table.locator(f"tbody tr td:nth-child({place})")
    # Ratios of features in one sample only sort first, and fill the first screen of real data.
    wrap.locator("select").select_option(value="-1")
    ratios = [float(cell.get_attribute("data-order")) for cell in cells.all()]
    assert ratios == sorted(ratios)
    assert ratios[0] < ratios[-1]
    # The last has a ratio; the first may be a feature of one sample only.
    name = table.locator("tbody tr td:nth-child(5)").last.inner_text()
    wrap.locator("input[type=search]").fill(name)
    with page.expect_download() as downloading:
        wrap.get_by_role("button", name="Download", exact=False).first.click()
    assert downloading.value.suggested_filename == "contributions-gene.csv"
    text = Path(downloading.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["feature"] for row in rows} == {name}
    assert {float(row["log2 ratio"]) for row in rows} == {
        float(cell.get_attribute("data-order")) for cell in cells.all()
    }


def test_explorer__another_pair_is_drawn_and_a_bin_tells_its_genes(see, small):
    page = see(small).page
    panel = drawn(page)
    chooser = panel.get_by_label("Pair of samples, the lowest R of each group first")
    options = chooser.locator("option").all_inner_texts()
    assert len(options) == 3
    labels = chooser.locator("optgroup").evaluate_all("groups => groups.map(one => one.label)")
    assert labels == ["between batches"]
    empty = panel.locator(".named table").evaluate(
        """table => [...table.tHead.rows[0].cells].filter((_, at) =>
        [...table.tBodies[0].rows].every(row => !row.cells[at].textContent))
        .map(cell => cell.textContent)"""
    )
    assert empty == [], "columns without a value, such as the gene of genes without symbols"
    before = panel.locator(".named caption").inner_text()
    chooser.select_option(index=2)
    expect(panel.locator(".about")).to_contain_text(options[2].rpartition("R = ")[2])
    expect(panel).to_have_attribute("data-shown", "2")
    assert panel.locator(".named caption").inner_text() != before
    tooltip = page.locator("#vg-tooltip-element.visible")
    box = panel.locator(".cloud canvas").bounding_box()
    # Double zeros are in the lowest bin of any pair: search upwards from the corner.
    for step in range(60):
        page.mouse.move(box["x"] + 44 + step, box["y"] + 386 - step)
        if tooltip.count():
            break
    expect(tooltip).to_contain_text("TPM, sample A")


CATCH_SPECS = """
let embed;
window.drawn = [];
Object.defineProperty(window, "vegaEmbed", {
  get: () => (...given) => { window.drawn.push(given[1]); return embed(...given); },
  set: (given) => { embed = given; },
});
"""


@pytest.mark.parametrize("pseudocount", [0.1, 1.0])
def test_explorer__points_and_bins_stand_at_the_log_of_their_tpm(browser, tmp_path, pseudocount):
    tree = Tree(tmp_path / "out")
    tree.pseudocount = pseudocount
    path = write_report(tree.write_all())
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(CATCH_SPECS)
    page.goto(path.as_uri())
    drawn(page)
    cloud, difference = page.evaluate("window.drawn.filter(spec => spec.datasets?.bins)")[:2]
    context.close()
    data = cloud["datasets"]
    assert cloud["layer"][0]["encoding"]["x"]["title"] == f"log2(TPM + {pseudocount:g}) of S1"
    title = difference["layer"][0]["encoding"]["x"]["title"]
    assert title == f"mean log2(TPM + {pseudocount:g})"
    start = np.log2(pseudocount)
    assert data["identity"][0] == {"x": pytest.approx(start), "y": pytest.approx(start)}
    lowest = min(data["bins"], key=lambda one: one["x"] + one["y"])
    assert (lowest["x"], lowest["y"]) == (pytest.approx(start), pytest.approx(start))
    assert (lowest["n"], lowest["mean"]) == (3, pytest.approx(start + 0.125))
    # S1 with S3, the least alike: TPM 1, 10 and 100 against 3, 9 and 110.
    for tpm_a, tpm_b in ((1, 3), (10, 9), (100, 110)):
        x, y = np.log2(tpm_a + pseudocount), np.log2(tpm_b + pseudocount)
        holding = [
            one for one in data["bins"]
            if one["x"] <= x < one["x2"] and one["y"] <= y < one["y2"]
        ]  # fmt: skip
        assert [one["n"] for one in holding] == [1]
    first = data["named"][0]
    x, y = np.log2(4 + pseudocount), np.log2(1 + pseudocount)
    assert (first["x"], first["y"]) == (pytest.approx(x), pytest.approx(y))
    assert first["mean"] == pytest.approx((x + y) / 2)


def serious(page):
    """Return the serious findings of axe on a page."""
    found = [
        (violation["impact"], violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
    ]
    return [one for one in found if one[0] in {"serious", "critical"}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page__axe_finds_nothing_serious(see, small, scheme):
    page = see(small, color_scheme=scheme, bypass_csp=True).page
    drawn(page)
    assert serious(page) == []


def test_page__keyboard_reaches_the_answer_and_sorts(see, small):
    page = see(small).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    heading = page.locator("table[data-name=contributions-gene] th", has_text="rank")
    heading.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "ascending")


def printed(page, folder):
    """Print to PDF; the number of sheets, and their text."""
    page.pdf(path=folder / "page.pdf", prefer_css_page_size=True)
    sheets = PdfReader(folder / "page.pdf").pages
    text = "\n".join(sheet.extract_text() for sheet in sheets)
    # Ligatures are letters on paper.
    return len(sheets), " ".join(unicodedata.normalize("NFKC", text).split())


@pytest.mark.parametrize("scripts", [True, False])
def test_page__prints_a_summary_of_three_sheets(see, of_any_size, tmp_path, scripts):
    page = see(of_any_size, java_script_enabled=scripts).page
    answer = page.locator(".r-value").all_inner_texts()
    n_sheets, text = printed(page, tmp_path)
    assert n_sheets <= 3
    expected = ["Fail", *answer, "Acceptance criteria", "Reviewed by", "Signature", "Date"]
    assert [words for words in expected if words not in text] == []
    assert "References" not in text


def test_page__names_its_date_version_and_files(see, small):
    page = see(small).page
    assert (
        page.locator(".made").inner_text().startswith("Run of 2026-01-01 00:00 UTC, lotwise 0.1.0.")
    )
    links = page.locator("figcaption a, caption a")
    assert links.count() > 20
    for link in links.all():
        assert (small.parent / link.get_attribute("href")).is_file()


@pytest.mark.parametrize("width", [390, 1280])
def test_page__is_no_wider_than_the_window(see, of_any_size, width):
    page = see(of_any_size).page
    page.set_viewport_size({"width": width, "height": 900})
    for level in ("gene", "isoform"):
        drawn(page, level)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def too_wide(page):
    """Return the names of the tables that are wider than the text."""
    return page.evaluate(
        """[...document.querySelectorAll(".table-wrap")].filter(wrap => wrap.scrollWidth > wrap
        .clientWidth).map(wrap => wrap.querySelector("table").dataset.name)"""
    )


def test_page__its_tables_fit_into_the_text_at_1280_pixels(see, small):
    page = see(small).page
    assert page.locator(".table-wrap").count() > 20
    assert too_wide(page) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_page__a_reason_is_in_view_and_makes_no_row_tall(see, small, tmp_path, width):
    folder = tmp_path / "out"
    shutil.copytree(small.parent, folder)
    path = folder / "evidence/gene.libraries.tsv"
    names = {"batch": pl.lit("3226_RNAauto-091215"), "group": pl.lit("3226_RNAauto-091215")}
    table = pl.read_csv(path, separator="\t").with_columns(
        **names, total_counts=pl.lit(38_605_132), reason=pl.lit("fewer than three samples")
    )
    table.write_csv(path, separator="\t")
    page = see(write_report(folder)).page
    page.set_viewport_size({"width": width, "height": 900})
    wrap = page.locator(".table-wrap:has([data-name=libraries-gene])")
    if width == 1280:
        assert wrap.evaluate("wrap => wrap.scrollWidth <= wrap.clientWidth")
    lines = wrap.evaluate(
        """wrap => Math.max(...[...wrap.querySelectorAll("tbody tr")].map(row => row.clientHeight /
        parseFloat(getComputedStyle(row).lineHeight)))"""
    )
    assert lines < 3


def test_page__a_shadow_shows_that_a_table_goes_on(see, small):
    page = see(small).page
    page.set_viewport_size({"width": 800, "height": 900})
    name = too_wide(page)[0]
    wrap = page.locator(f'.table-wrap:has([data-name="{name}"])')
    edge = {"x": wrap.evaluate("wrap => wrap.clientWidth") - 12, "y": 0, "width": 12, "height": 20}

    def at_edge():
        box = wrap.bounding_box()
        return page.screenshot(
            clip=edge | {"x": box["x"] + edge["x"], "y": box["y"] + box["height"] - 40}
        )

    wrap.scroll_into_view_if_needed()
    before = at_edge()
    wrap.evaluate("wrap => { wrap.scrollLeft = wrap.scrollWidth }")
    page.wait_for_timeout(200)
    assert at_edge() != before


def test_page__the_matrix_of_pairs_can_be_enlarged(see, small):
    page = see(small).page
    figure = page.locator("#figures figure.wide").first
    shown = figure.locator("img").bounding_box()["width"]
    figure.get_by_label("full size").check()
    assert figure.locator("img").bounding_box()["width"] > shown
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_page__prints_complete(see, of_any_size, tmp_path):
    page = see(of_any_size).page
    page.get_by_label("print every section").check()
    _, plain = printed(page, tmp_path)
    for title in page.locator("main h2").all_inner_texts():
        assert " ".join(title.split()) in plain
    page.emulate_media(media="screen")
    rows = page.evaluate(
        "[...document.querySelectorAll('table[data-name=contributions-gene]')]"
        ".map(t => new DataTable(t).column(4).data().toArray())[0]"
    )
    assert len(set(rows)) > 10
    assert all(name in plain for name in rows), "rows beyond the first screen are not on paper"


def test_certificate__fits_into_a_narrow_window(see, small, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(small.parent, folder)
    page = see(write_certificate(folder)).page
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_certificate__no_table_is_wider_than_the_sheet(see, of_any_size, tmp_path):
    folder = tmp_path / "out"
    shutil.copytree(of_any_size.parent, folder)
    record = json.loads((folder / "provenance.json").read_text())
    record["inputs"] += [
        {"role": "halves of the reads", "path": f"/a/{'x' * 40}.halves.parquet", "sha256": "e" * 64}
    ]
    (folder / "provenance.json").write_text(json.dumps(record))
    page = see(write_certificate(folder)).page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 1000})  # 180 mm
    widest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('table')].map(t => t.scrollWidth))"
    )
    assert widest <= page.evaluate("document.body.clientWidth")
    n_sheets, text = printed(page, tmp_path)
    assert n_sheets <= 3
    assert f"page {n_sheets} of {n_sheets}" in text


def test_page__is_whole_without_javascript(see, small):
    page = see(small, java_script_enabled=False).page
    for name in SECTIONS:
        assert len(page.locator(f"#{name}").inner_text()) > 100, name
    assert page.locator(".needs-script").first.is_hidden()
    pictures = page.locator("main img")
    assert pictures.count() >= 16
    assert all(picture.is_visible() for picture in pictures.all())
    assert page.locator("table[data-name=contributions-gene] tbody tr").count() == 150


def test_page__hostile_names_are_text_everywhere(see, tmp_path):
    tree = Tree(tmp_path / "out")
    tree.names = HOSTILE[2:5]
    tree.batches = [HOSTILE[0], *HOSTILE[-2:]]
    tree.features = HOSTILE
    tree.r = {(HOSTILE[2], HOSTILE[3]): 0.9, (HOSTILE[3], HOSTILE[4]): 0.8}
    tree.write_all()
    hostile = {
        "outcome": "fail", "title": HOSTILE[0], "notices": HOSTILE, "criteria_sha256": HOSTILE[0],
        "criteria": [
            {"id": name, "statement": name, "outcome": "fail", "reason": name} for name in HOSTILE
        ],
    }  # fmt: skip
    (tree.root / "verdict.json").write_text(json.dumps(hostile))
    inputs = [{"path": name, "sha256": name} for name in HOSTILE]
    (tree.root / "provenance.json").write_text(
        json.dumps({"inputs": inputs, "configuration": {"note": HOSTILE[0]}})
    )
    seen = see(write_report(tree.root, note=HOSTILE[1]), bypass_csp=True)
    drawn(seen.page)
    assert serious(seen.page) == []
    assert seen.page.evaluate("window.hacked") is None
    for name in HOSTILE:
        text = seen.page.locator("body").inner_text()
        assert name in text, name[:40]
        assert seen.page.evaluate(
            "name => [...document.querySelectorAll('td')].some(c => c.textContent === name)", name
        )
    with seen.page.expect_download() as downloading:
        seen.page.get_by_role("button", name="Genes that lower R most").first.click()
    text = Path(downloading.value.path()).read_text(encoding="utf-8-sig")
    named = {row["feature"] for row in csv.DictReader(text.splitlines())}
    assert named == {HOSTILE[0], HOSTILE[1]}
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert {cell for cell in cells if "cmd" in cell} == {f"'{name}" for name in HOSTILE[2:5]}
    assert (seen.requests, seen.complaints) == ([], [])


@pytest.mark.shared
def test_page__of_24_samples_is_small_and_works(see, many):
    assert many.stat().st_size < 5_000_000
    seen = see(many, bypass_csp=True)
    seen.page.wait_for_function("performance.getEntriesByType('paint').length == 2")
    paints = seen.page.evaluate(
        "performance.getEntriesByType('paint').map(one => [one.name, one.startTime])"
    )
    assert dict(paints)["first-contentful-paint"] < 2000
    panel = drawn(seen.page, "isoform")
    assert serious(seen.page) == []
    chooser = panel.get_by_label("Pair of samples, the lowest R of each group first")
    assert chooser.locator("option").count() == 24 * 23 / 2
    value = chooser.locator("option").nth(100).get_attribute("value")
    chooser.select_option(value=value)
    expect(panel).to_have_attribute("data-shown", value)
    assert seen.page.locator("table[data-name=pairs-isoform]").count() == 1
    assert (seen.requests, seen.complaints) == ([], [])
