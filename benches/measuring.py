"""What the scripts of this folder have in common: a run's time and memory, and a table's place in README.md."""

import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def measured(command, env=None, ends_with=(0,)):
    """Wall time and processor time, s, and maximum resident set, bytes, of one run with all that it starts."""
    # Linux counts what the parent holds when it starts a program as the program's own: a small one starts it.
    starter = [sys.executable, __file__, *map(str, command)]
    run = subprocess.run(starter, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, check=True)
    code, *figures = json.loads(run.stdout)
    if code not in ends_with:
        sys.exit(f"{' '.join(map(str, command))} failed: {run.stderr.decode(errors='replace')[-2000:]}")
    return tuple(figures)


def start(command):
    """Exit status, and what is measured, of one run that this process starts."""
    begun = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    # Linux counts in KiB, macOS in bytes.
    memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return child.returncode, wall, used.ru_utime + used.ru_stime, memory


def put(name, text):
    """Puts a table into README.md, between the marks of that name."""
    readme, begin, end = HERE / "README.md", f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = readme.read_text().split(begin)
    readme.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}")


if __name__ == "__main__":
    print(json.dumps(start(sys.argv[1:])))
