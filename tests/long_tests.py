"""Write long_tests.txt from what pytest prints with --durations=0; `make long-tests` calls this."""

import re
import sys
from collections import defaultdict
from pathlib import Path

LONG_SECONDS = 0.35

if __name__ == "__main__":
    seconds: defaultdict[str, float] = defaultdict(float)
    for line in sys.stdin:
        if told := re.match(r"([\d.]+)s (?:call|setup|teardown)\s+([^\s\[]+)", line.strip()):
            seconds[told[2]] += float(told[1])
    if not seconds:
        sys.exit("pytest printed no durations; the list is unchanged")
    long = sorted(test for test, taken in seconds.items() if taken >= LONG_SECONDS)
    Path(__file__).with_suffix(".txt").write_text("\n".join(long) + "\n")
