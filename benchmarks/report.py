"""`report.html` of the size of the demo and of 500 samples: writing, bytes, and first view.

    python benchmarks/report.py [RESULTS ...]

Without folders, 500 simulated samples of 2,000 genes go through `lotwise compare` first, which is
timed whole: tables, figures, evidence, report and workbook. The first view is first contentful
paint in headless Chromium (fresh profile, from disk, median of 3).
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from timing import Held, report, time_command

PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
LOTWISE = Path(sys.executable).parent / "lotwise"
N_SAMPLES, MOST_MEGABYTES = 500, 8


def first_view_ms(page: Path) -> float:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        shown = browser.new_page()
        shown.goto(page.as_uri())
        shown.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        took = float(shown.evaluate(PAINT))
        browser.close()
    return took


def time_report(folder: Path, *, case: str) -> None:
    ours = time_command("lotwise report", [LOTWISE, "report", "--out", folder], runs=1)
    page = folder / "report.html"
    held = [Held(what="MB of report", value=page.stat().st_size / 1e6, most=MOST_MEGABYTES)]
    if shutil.which("chromium"):
        views = statistics.median(first_view_ms(page) for _ in range(3))
        held.append(Held(what="ms to the first view", value=views))
    report(case, ours, held=held)


def time_comparison(folder: Path) -> None:
    """Simulate and compare 500 samples of 250 batches, and write their workbook."""
    source, out = folder / "input", folder / "out"
    plan = ["--genes", "2000", "--batches", str(N_SAMPLES // 2), "--replicates", "2"]
    time_command("simulating", [LOTWISE, "simulate", source, *plan], runs=1)
    compare = [LOTWISE, "compare", source / "samples.tsv", "--out", out, "--format", "png"]
    compare += ["--tx2gene", source / "reference" / "genes.gtf"]
    compared = time_command("lotwise compare", compare, runs=1)
    page, workbook = out / "report.html", out / "tables.xlsx"
    held = [
        Held(what="MB of report", value=page.stat().st_size / 1e6, most=MOST_MEGABYTES),
        Held(what="MB of workbook", value=workbook.stat().st_size / 1e6),
    ]
    report(f"compare {N_SAMPLES} samples, both levels, report and workbook", compared, held=held)
    time_report(out, case=f"report of {N_SAMPLES} samples")


def main() -> None:
    for folder in map(Path, sys.argv[1:]):
        time_report(folder, case=f"report of {folder.name}")
    if len(sys.argv) == 1:
        with tempfile.TemporaryDirectory() as folder:
            time_comparison(Path(folder))


if __name__ == "__main__":
    main()
