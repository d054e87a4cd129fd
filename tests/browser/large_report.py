"""How large the page of a large case is, and how long a browser takes to show it.

    python tests/browser/large_report.py target/debug/stillhunt

Twice: the networks of the sample's report repeated under other names until 10,000 accounts stand in a network, and one
network alone that holds 10,000 accounts and as many links as are listed of one.
"""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile

from report_page import ROOT, browser

ACCOUNTS = 10_000
# What a case lists of one network.
LINKS = 2_000
MOST_BYTES = 15_000_000
MOST_SECONDS = 2.0


def grown(report):
    """The report with its networks repeated; every account of a copy has a name of its own."""
    out = copy.deepcopy(report)
    members = [a for a in report["accounts"] if a["network_id"]]
    for turn in range(1, -(-ACCOUNTS // len(members))):
        rename = lambda text: f"{text}-{turn}"
        for network in report["networks"]:
            new = json.loads(json.dumps(network))
            new["id"] = rename(new["id"])
            new["members"] = [rename(m) for m in new["members"]]
            for row in new["activity"]["busiest"]:
                row["account_id"] = rename(row["account_id"])
            out["networks"].append(new)
        for account in members:
            out["accounts"].append(
                {**account, "account_id": rename(account["account_id"]), "network_id": rename(account["network_id"])})
        for link in report["links"]:
            out["links"].append({**link, "account_a": rename(link["account_a"]), "account_b": rename(link["account_b"]),
                                 "network_id": rename(link["network_id"])})
    out["accounts"].sort(key=lambda a: a["account_id"])
    return out


def one_network(report):
    """The report with its first network grown to all the accounts there are to be, and its links with it."""
    out = copy.deepcopy(report)
    network = out["networks"][0]
    members = [a for a in report["accounts"] if a["network_id"] == network["id"]]
    many = [{**members[i % len(members)], "account_id": f"{members[i % len(members)]['account_id']}-{i:05}"} for i in range(ACCOUNTS)]
    out["networks"], network["members"] = [network], [a["account_id"] for a in many]
    network["summary"] = network["summary"].replace(str(len(members)), str(ACCOUNTS), 1)
    out["accounts"] = sorted(many, key=lambda a: a["account_id"])
    out["links"] = [
        {"account_a": many[i]["account_id"], "account_b": many[i + 1 + i % 7]["account_id"], "network_id": network["id"],
         "family": ["identity", "infrastructure", "content"][i % 3], "shared": f"payment card-{i % 90}",
         "popularity": 40, "p_value": 1e-6, "q_value": 1e-3}
        for i in range(LINKS)
    ]
    return out


def measure(binary, report, folder):
    """Bytes of the page, and the seconds until a browser has painted it, three times."""
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps(report))
    page = folder / "large.html"
    subprocess.run([binary, "report", folder, "--format", "html", "-o", page], check=True)
    times = []
    for turn in range(3):
        driver = browser(folder / f"profile-{turn}")
        try:
            driver.get(page.as_uri())
            # Until the page has been laid out and painted, not only read.
            times.append(driver.execute_async_script(
                "const done = arguments[0];"
                "requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() / 1000)));"))
            rows = driver.execute_script("return document.querySelectorAll('#account-table tbody tr').length")
            assert rows >= ACCOUNTS, rows
        finally:
            driver.quit()
    size = page.stat().st_size
    print(f"{rows} accounts, networks: {len(report['networks'])}; {size / 1e6:.1f} MB, shown after {min(times):.2f} s "
          f"(three times: {', '.join(f'{t:.2f}' for t in times)})")
    return size, min(times)


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(
            [binary, "analyze", "testdata/sample/events.jsonl.zst", "--accounts", "testdata/sample/accounts.csv", "-o",
             folder / "case", "--exit-zero"],
            cwd=ROOT, check=True, capture_output=True,
        )
        report = json.loads((folder / "case" / "report.json").read_text())
        measured = [measure(binary, grown(report), folder / "many"), measure(binary, one_network(report), folder / "one")]
    assert all(size < MOST_BYTES and seconds < MOST_SECONDS for size, seconds in measured)


if __name__ == "__main__":
    main()
