"""The report of the shipped sample in a real browser: what a person does with it, and what it must not do.

    python tests/browser/report_page.py target/debug/stillhunt [--screenshots docs]

Needs Debian's chromium and chromium-driver, and selenium.
"""

import argparse
import base64
import json
import pathlib
import subprocess
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "testdata" / "sample"
QUIET = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
]


def browser(profile, script=True):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in [*QUIET, f"--user-data-dir={profile}", "--window-size=1280,900"]:
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not script:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    # The browser's own first page is none of ours.
    driver.get("about:blank")
    driver.get_log("performance")
    driver.get_log("browser")
    return driver


def requests(driver):
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            yield message["params"]["request"]["url"]


def visible_rows(driver):
    return driver.execute_script(
        "return [...document.querySelectorAll('#account-table tbody tr')].filter(r => r.offsetParent !== null)"
        ".map(r => [...r.cells].map(c => c.textContent))"
    )


def with_script(page, report, profile):
    driver = browser(profile)
    try:
        driver.get(page.as_uri())
        networks = [n["id"] for n in report["networks"]]
        for network in networks:
            card = driver.find_element(By.ID, network)
            assert card.is_displayed() and network in card.text, network
            # What speaks against the finding stands right behind it.
            parts = [part.get_attribute("id") for part in card.find_elements(By.CSS_SELECTOR, "section[id]")]
            assert parts[:3] == [f"{network}-{part}" for part in ("evidence", "innocent", "sensitivity")], parts
        # The surest networks first, in the table and below it.
        order = sorted(report["networks"], key=lambda n: (
            ["suspected_distillation", "coordinated", "extraction_like", "none"].index(n["verdict"]),
            ["high", "medium", "low"].index(n["confidence"]), n["q_value"], n["id"],
        ))
        for places in (".glance tbody th", "article h3"):
            assert [e.text for e in driver.find_elements(By.CSS_SELECTOR, places)] == [n["id"] for n in order], places
        # What was not assessed is one line that opens.
        missing = driver.find_element(By.ID, "not-assessed")
        closed = missing.size["height"]
        missing.find_element(By.TAG_NAME, "summary").click()
        assert missing.size["height"] > closed and "no evidence of innocence" in missing.text
        terms = [e.text for e in driver.find_elements(By.CSS_SELECTOR, "#reading dt")]
        assert {"p", "q", "Weight", "Threshold", "Elsewhere", "Confidence"} <= set(terms), terms
        # From the first page to the evidence of a network.
        driver.find_element(By.CSS_SELECTOR, f".glance a[href='#{networks[0]}']").click()
        driver.find_element(By.CSS_SELECTOR, f".jump a[href='#{networks[0]}-evidence']").click()
        assert driver.current_url.endswith(f"#{networks[0]}-evidence")
        evidence = driver.find_element(By.ID, f"{networks[0]}-evidence")
        top = driver.execute_script("return arguments[0].getBoundingClientRect().top", evidence)
        assert 0 <= top < 400, top
        claim = report["networks"][0]["coordinated"]["claims"][0]
        assert claim["statement"] in evidence.text and str(claim["lines"][0]["line"]) in evidence.text

        members = {a["account_id"]: a for a in report["accounts"] if a["network_id"]}
        assert len(visible_rows(driver)) == len(members)
        driver.find_element(By.CSS_SELECTOR, f"a[data-network='{networks[0]}']").send_keys(Keys.ENTER)
        rows = visible_rows(driver)
        assert sorted(r[0] for r in rows) == report["networks"][0]["members"], rows
        find = driver.find_element(By.ID, "filter-text")
        find.send_keys(rows[3][0].upper())
        assert [r[0] for r in visible_rows(driver)] == [rows[3][0]]
        assert driver.find_element(By.ID, "filter-count").text == f"1 of {len(members)} accounts"
        find.send_keys(Keys.ENTER)
        assert driver.current_url.startswith("file:") and "?" not in driver.current_url, "the form sends nothing"
        find.clear()
        find.send_keys("no such account")
        assert visible_rows(driver) == []
        # A score is written ">0.999" and is a number all the same.
        score = driver.find_element(By.ID, "filter-membership")
        set_to = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))"
        driver.execute_script(set_to, find, "")
        driver.execute_script(set_to, driver.find_element(By.ID, "filter-network"), "")
        driver.execute_script(set_to, score, "0.95")
        assert len(visible_rows(driver)) == sum(round(a["membership"], 3) >= 0.95 for a in members.values())
        driver.execute_script(set_to, score, "0")
        driver.execute_script("arguments[0].value=''; arguments[0].dispatchEvent(new Event('input'))", find)
        select = driver.find_element(By.ID, "filter-network")
        driver.execute_script("arguments[0].value=''; arguments[0].dispatchEvent(new Event('input'))", select)
        # Sorted by keyboard: by requests, most first, then least first.
        button = driver.find_elements(By.CSS_SELECTOR, "#account-table thead button")[4]
        for turn in (True, False):
            button.send_keys(Keys.ENTER)
            shown = [members[r[0]]["requests"] for r in visible_rows(driver)]
            assert shown == sorted(shown, reverse=turn), shown
        assert button.find_element(By.XPATH, "..").get_attribute("aria-sort") == "ascending"
        # A chart wider than a telephone is moved by the keyboard alone.
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                               {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True})
        driver.get(page.as_uri())
        # What is read most is laid out anew and not moved.
        for stacked in driver.find_elements(By.CSS_SELECTOR, ".stack"):
            room = driver.execute_script("return arguments[0].parentNode.scrollWidth - arguments[0].parentNode.clientWidth", stacked)
            assert room <= 0, stacked.get_attribute("outerHTML")[:200]
        table = driver.find_element(By.CSS_SELECTOR, ".chart").find_element(By.XPATH, "..")
        assert driver.execute_script("return arguments[0].scrollWidth > arguments[0].clientWidth", table)
        reached = False
        for _ in range(200):
            driver.switch_to.active_element.send_keys(Keys.TAB)
            if driver.execute_script("return document.activeElement === arguments[0]", table):
                reached = True
                break
        assert reached, "no key leads to a chart that has to be moved"
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        # The first key leads past the head of the page.
        driver.get(page.as_uri())
        driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
        assert driver.switch_to.active_element.get_attribute("class") == "skip"
        wide = driver.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"the page is {wide} px wider than the window"
        sent = set(requests(driver))
        foreign = {url for url in sent if url.split("#")[0] != page.as_uri()}
        assert sent and not foreign, foreign
        logged = driver.get_log("browser")
        assert not logged, logged
    finally:
        driver.quit()


def without_script(page, report, profile):
    driver = browser(profile, script=False)
    try:
        driver.get(page.as_uri())
        text = driver.find_element(By.TAG_NAME, "main").text
        for network in report["networks"]:
            assert network["id"] in text and network["summary"] in text
            for claim in network["coordinated"]["claims"]:
                assert not claim["counts"] or claim["statement"] in text, claim["statement"]
        for account in report["accounts"]:
            assert not account["network_id"] or account["account_id"] in text, account["account_id"]
        assert not driver.find_element(By.ID, "filter").is_displayed(), "a filter that does nothing is not shown"
        assert driver.find_elements(By.CSS_SELECTOR, "svg.chart path.fill")
    finally:
        driver.quit()


def screenshots(page, profile, folder):
    folder.mkdir(exist_ok=True)
    driver = browser(profile)
    try:
        for name, width, height, scheme, at in [
            ("report-light", 1280, 1500, "light", None),
            ("report-dark", 1280, 1500, "dark", None),
            ("report-network", 1280, 1900, "light", "article"),
            ("report-time", 1280, 1500, "light", "article section[id$=-time]"),
            ("report-phone", 390, 1500, "light", None),
        ]:
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
            )
            driver.get(page.as_uri())
            if at:
                driver.execute_script(f"document.querySelector('{at}').scrollIntoView()")
            shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
            (folder / f"{name}.png").write_bytes(base64.b64decode(shot))
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        pdf = driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
        (folder / "report.pdf").write_bytes(base64.b64decode(pdf))
    finally:
        driver.quit()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        case = folder / "case"
        run = subprocess.run(
            [arguments.binary.resolve(), "analyze", "testdata/sample/events.jsonl.zst", "--accounts",
             "testdata/sample/accounts.csv", "-o", case],
            cwd=ROOT, capture_output=True, check=False,
        )
        assert run.returncode == 10, run.stderr
        report = json.loads((case / "report.json").read_text())
        assert report["networks"]
        page = case / "report.html"
        with_script(page, report, folder / "profile-1")
        without_script(page, report, folder / "profile-2")
        if arguments.screenshots:
            screenshots(page, folder / "profile-3", arguments.screenshots)
    print("the report of the sample works in a browser, with its script and without")


if __name__ == "__main__":
    main()
