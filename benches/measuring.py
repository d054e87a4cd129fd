"""What the scripts of this folder have in common: a run's time and memory, and a table's place in README.md."""

import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def measured(command, env=None, ends_with=(0,)):
    """Wall time and processor time, s, and maximum resident set, bytes, of one run with all that it starts."""
    begun = time.monotonic()
    child = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    said = child.stderr.read().decode(errors="replace")
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in ends_with:
        sys.exit(f"{' '.join(map(str, command))} failed: {said[-2000:]}")
    # Linux counts in KiB, macOS in bytes.
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def put(name, text):
    """Puts a table into README.md, between the marks of that name."""
    readme, begin, end = HERE / "README.md", f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = readme.read_text().split(begin)
    readme.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}")
