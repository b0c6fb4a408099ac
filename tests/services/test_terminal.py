"""What a person sees and answers at a terminal, on a real one (pty); and what a log holds."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
import yaml
from archive_server import ArchiveServer, Site
from geo_site import GeoSample, add_series, base_urls, fastq_of

PATIENCE = 120.0


@pytest.fixture(scope="module")
def series():
    """A server with a series of two samples of single reads."""
    site = Site()
    samples = [
        GeoSample(f"GSM90000{i}", f"lot {i}", (), f"SRX90000{i}", {f"SRR90000{i}": [fastq_of(i)]})
        for i in range(2)
    ]
    add_series(site, "GSE900001", "Two lots", samples)
    with ArchiveServer(site) as server:
        yield server


@pytest.fixture
def command(require, series, tmp_path):
    """`lotwise fetch` of that series with a cap far below its size."""
    require("setsid")
    config = tmp_path / "config.yaml"
    acquire = {
        "urls": base_urls(series.url),
        "network": {"max_total_gib": 1e-6},
        "downloads": str(tmp_path / "downloads"),
    }
    config.write_text(yaml.safe_dump({"acquire": acquire}))
    return [
        sys.executable, "-m", "lotwise", "fetch", "GSE900001", "--config", str(config),
        "--samples", str(tmp_path / "samples.tsv"),
    ]  # fmt: skip


class Terminal:
    """A process whose input, output and errors are one terminal."""

    def __init__(self, command):
        self.screen = ""
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, 200))
        self.process = subprocess.Popen(
            # Its controlling terminal, so that Ctrl-C interrupts it.
            ["setsid", "--ctty", *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)

    def wait_for(self, words):
        """Read the screen until ``words`` stand on it."""
        end = time.monotonic() + PATIENCE
        while words not in self.screen:
            assert time.monotonic() < end, self.screen
            assert self._read(), self.screen

    def type(self, keys):
        """Type as a person does: once the process waits for it.

        Python misses an interrupt that comes between the question and the read.
        """
        end = time.monotonic() + PATIENCE
        while _state(self.process.pid) != "S":
            assert time.monotonic() < end, self.screen
            time.sleep(0.01)
        os.write(self._ours, keys)

    def finish(self):
        """Read the screen to its end; give the exit code."""
        while self._read():
            pass
        os.close(self._ours)
        return self.process.wait(PATIENCE)

    def _read(self):
        if not select.select([self._ours], [], [], PATIENCE)[0]:
            return False
        try:
            block = os.read(self._ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.screen += block.decode(errors="replace")
        return bool(block)


def _state(pid):
    """Return the state of a process from the kernel: S sleeping, R running or runnable."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


QUESTION = "the limit is 1.0 KiB; go on? [y/N]:"


@pytest.mark.parametrize(
    ("keys", "code", "words"),
    [
        (b"y\n", 0, "2 samples of GSE900001"),
        (b"n\n", 2, "use --yes, or raise acquire.network.max_total_gib"),
        (b"\n", 2, "use --yes, or raise acquire.network.max_total_gib"),
        (b"\x03", 130, "interrupted; no file was left incomplete"),
        (b"\x04", 130, "interrupted; no file was left incomplete"),
    ],
    ids=["yes", "no", "enter", "ctrl-c", "ctrl-d"],
)
def test_fetch__asks_at_the_cap(keys, code, words, command, tmp_path):
    terminal = Terminal(command)
    terminal.wait_for(QUESTION)
    assert not (tmp_path / "samples.tsv").exists()
    terminal.type(keys)
    assert terminal.finish() == code, terminal.screen
    assert words in " ".join(terminal.screen.split())
    assert "Traceback" not in terminal.screen
    assert (tmp_path / "samples.tsv").exists() == (code == 0)
    assert bool(list(tmp_path.rglob("*.fastq.gz"))) == (code == 0)


def test_fetch__yes_asks_nothing_and_shows_a_bar(command):
    terminal = Terminal([*command, "--yes"])
    assert terminal.finish() == 0
    assert "go on?" not in terminal.screen
    assert "fetching: 100%" in terminal.screen


def test_fetch__quiet_shows_no_bar_on_a_terminal(command):
    at = command.index("fetch")
    terminal = Terminal([*command[:at], "--quiet", *command[at:], "--yes"])
    assert terminal.finish() == 0
    assert "fetching" not in terminal.screen


def test_fetch__without_a_terminal_nobody_is_asked(command):
    done = subprocess.run(
        command, check=False, stdin=subprocess.PIPE, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "go on?" not in done.stdout + done.stderr
    assert done.stderr.count("\n") == 1, "one line, no bar in a log"
    assert "the limit is 1.0 KiB; use --yes" in done.stderr


def test_fetch__log_holds_no_bar(command):
    done = subprocess.run([*command, "--yes"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "2 samples of GSE900001" in done.stdout
