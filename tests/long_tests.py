"""Write long_tests.txt from what pytest prints with --durations=0; `make long-tests` calls this."""

import re
import sys
from collections import defaultdict
from pathlib import Path

LONG_SECONDS = 0.12
# What a file's tests share moves to the next test when the first is left out: the file is listed.
LONG_SETUP_SECONDS = 0.8

if __name__ == "__main__":
    seconds: defaultdict[str, float] = defaultdict(float)
    for line in sys.stdin:
        if told := re.match(r"([\d.]+)s (call|setup|teardown)\s+([^\s\[]+)", line.strip()):
            taken, phase, test = float(told[1]), told[2], told[3]
            seconds[test] += taken
            if phase == "setup" and taken >= LONG_SETUP_SECONDS:
                seconds[test.split("::")[0]] += taken
    if not seconds:
        sys.exit("pytest printed no durations; the list is unchanged")
    long = {name for name, taken in seconds.items() if taken >= LONG_SECONDS}
    long = {name for name in long if "::" not in name or name.split("::")[0] not in long}
    Path(__file__).with_suffix(".txt").write_text("\n".join(sorted(long)) + "\n")
