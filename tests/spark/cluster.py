"""The same world through a Spark cluster and on this machine: identical bytes, also when a worker is killed.

    python tests/spark/cluster.py BINARY SIMULATE [--people N]

Starts a standalone master and two workers on 127.0.0.1, hands them the query that `stillhunt plan` prints, and ends them by
their process ids. Everything happens in a temporary folder.
"""

import argparse
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession

HOME = Path(pyspark.__file__).parent
LIMIT = 600  # seconds for the whole script


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """A master and two workers, each in a process group of its own."""

    def __init__(self, place):
        self.place, self.processes = place, []
        self.port = free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        self.start("master", "master.Master", "--host", "127.0.0.1", "--port", str(self.port))
        for number in (1, 2):
            self.start(f"worker{number}", "worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "1g",
                       "--work-dir", str(place / f"work{number}"), self.url)

    def start(self, name, kind, *arguments):
        env = dict(os.environ, SPARK_HOME=str(HOME), SPARK_LOCAL_IP="127.0.0.1", SPARK_DAEMON_MEMORY="512m",
                   PYSPARK_PYTHON=sys.executable)
        log = open(self.place / f"{name}.log", "wb")
        command = [str(HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{kind}", "--webui-port", "0", *arguments]
        self.processes.append(
            subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True))

    def end(self):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait(timeout=30)


def executors():
    """Process ids of this cluster's executors."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"org.apache.spark.executor.CoarseGrainedExecutorBackend" in command:
                found.append(int(entry.name))
    return sorted(found)


def run(*command, ok=(0,), **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, **more)
    if done.returncode not in ok:
        sys.exit(f"{command[0]} {command[1]} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def analysed(binary, inputs, accounts, case):
    run(binary, "analyze", *inputs, "--accounts", accounts, "-o", case, ok=(0, 10))
    return (case / "report.json").read_bytes()


def same(name, report, of_cluster):
    if report != of_cluster:
        pairs = zip(report.decode().splitlines(), of_cluster.decode().splitlines())
        lines = [f"{a.strip()} | {b.strip()}" for a, b in pairs if a != b]
        sys.exit("\n".join([f"{name} and the cluster do not agree:", *lines[:10]]))


def without_hashes(report):
    """The report, but for what nobody knows of a file that came as a stream of rows."""
    document = json.loads(report)
    for file in document["intake"]["files"]:
        file.update(sha256="", bytes=0, reason="", format="")
    return document


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=Path)
    parser.add_argument("simulate", type=Path)
    parser.add_argument("--people", default="150")
    options = parser.parse_args()
    binary = options.binary.resolve()
    watchdog = threading.Timer(LIMIT, lambda: os.kill(os.getpid(), signal.SIGALRM))
    watchdog.daemon = True
    watchdog.start()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run(options.simulate, "--out", place / "world", "--people", options.people)
        accounts, events = place / "world" / "accounts.csv", place / "world" / "events.jsonl"
        lines = events.read_text().splitlines()
        broken = json.loads(lines[0]) | {"timestamp": "yesterday", "request_id": "broken"}
        events.write_text("\n".join([*lines, json.dumps(broken)]) + "\n")

        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        cluster = Cluster(place)
        try:
            spark = (SparkSession.builder.master(cluster.url).appName("evidence")
                     .config("spark.sql.warehouse.dir", str(place / "warehouse"))
                     .config("spark.driver.host", "127.0.0.1").config("spark.driver.memory", "1g")
                     .config("spark.executor.memory", "700m").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
                     .config("spark.task.maxFailures", "6").config("spark.sql.files.maxPartitionBytes", "1m")
                     .getOrCreate())
            spark.sparkContext.setLogLevel("ERROR")
            table = place / "table"
            spark.read.json(str(events)).repartition(8).write.parquet(str(table))
            parts = sorted(table.glob("*.parquet"))
            print(f"{len(lines) + 1} rows in {len(parts)} files, {table_bytes(parts)} bytes")

            def collected(name, program):
                out = place / name
                query = run(binary, "plan", "--spark", f"parquet.`{table}`", "-o", out, "--program", program)
                began = time.monotonic()
                statements = "\n".join(l for l in query.decode().splitlines() if not l.startswith("--"))
                spark.sql(statements.strip().rstrip(";"))
                seconds = time.monotonic() - began
                return sorted(out.glob("*.parquet")), seconds

            evidence, seconds = collected("evidence", binary)
            size = table_bytes(evidence)
            held = sum(1 for line in accounts.read_text().splitlines()[1:] if line)
            print(f"cluster: {seconds:.1f} s, {len(evidence)} parts, {size} bytes of evidence, {size // held} an account")
            of_cluster = analysed(binary, evidence, accounts, place / "case-cluster")

            # The same rows in one process on this machine.
            rows = rows_of(parts)
            began = time.monotonic()
            one = place / "one.parquet"
            run(binary, "collect", "--stdin", "-o", one, input=rows)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            print(f"one process: {time.monotonic() - began:.1f} s, {one.stat().st_size} bytes of evidence, "
                  f"largest child so far {peak} KiB")
            same("one process", analysed(binary, [one], accounts, place / "case-one"), of_cluster)
            print("report.json of the cluster and of one process: identical bytes")

            direct = analysed(binary, parts, accounts, place / "case-direct")
            if without_hashes(direct) != without_hashes(of_cluster):
                sys.exit("the cluster and the logs themselves do not agree")
            print("report.json of the cluster and of the logs themselves: the same but for hashes of files")
            intake = json.loads(of_cluster)["intake"]
            if (intake["rows_rejected"], intake["rows_read"]) != (1, len(lines) + 1):
                sys.exit(f"the malformed row is not among the rejects: {intake['rows_rejected']}")
            if b"unreadable timestamp" not in (place / "case-cluster" / "rejects.csv").read_bytes():
                sys.exit("the reason of the malformed row did not come back")
            print("a malformed row inside a task came back as a reject")

            # An executor dies while its tasks wait.
            slow = place / "slow"
            slow.write_text(f"#!/bin/sh\nsleep 4\nexec {binary} \"$@\"\n")
            slow.chmod(0o755)
            killed = []

            def kill():
                time.sleep(6)
                for pid in executors()[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

            killer = threading.Thread(target=kill)
            killer.start()
            evidence, seconds = collected("evidence-killed", slow)
            killer.join()
            if not killed:
                sys.exit("nothing was killed")
            same("a killed worker", analysed(binary, evidence, accounts, place / "case-killed"), of_cluster)
            print(f"an executor killed by kill -9 in the middle: {seconds:.1f} s, identical bytes")
            spark.stop()
        finally:
            cluster.end()
    print("5 passed, 0 failed")


def table_bytes(parts):
    return sum(p.stat().st_size for p in parts)


def rows_of(parts):
    """Rows of a table as the query hands them out, but written by another program: JSON, file, line."""
    import pyarrow.parquet as parquet

    out = []
    for part in parts:
        for number, row in enumerate(parquet.read_table(part).to_pylist(), start=1):
            cells = {name: cell for name, cell in row.items() if cell is not None}
            out.append(f"{json.dumps(cells, ensure_ascii=False)}\tfile://{part}\t{number}\n")
    return "".join(out).encode()


if __name__ == "__main__":
    main()
