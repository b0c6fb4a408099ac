"""How long `report.html` takes to write and to show, and how large it is, of a folder of results.

    python benchmarks/report.py results/demo

Prints bytes, CPU seconds of writing, and milliseconds to the first view in headless Chromium
(first contentful paint, fresh profile, from disk), with the load of the machine.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from lotwise.report import write_report

PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def first_view_ms(page: Path) -> float:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        shown = browser.new_page()
        shown.goto(page.as_uri())
        shown.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        took = float(shown.evaluate(PAINT))
        browser.close()
    return took


def main() -> None:
    for folder in map(Path, sys.argv[1:]):
        before = time.process_time()
        page = write_report(folder)
        cpu = time.process_time() - before
        views = sorted(first_view_ms(page) for _ in range(3))
        print(
            f"{folder}: {page.stat().st_size:,} bytes, {cpu:.1f} s of CPU to write, first view "
            f"{views[1]:.0f} ms (median of 3), load {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
