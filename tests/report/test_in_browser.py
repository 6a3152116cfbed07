"""The report in a real browser: it opens without a request to anywhere, and its maps can be moved."""

import json
import shutil

import pytest

from bevseg.report.findings import Findings
from bevseg.report.page_names import PAGE
from bevseg.report.write_report import write_report
from tests.report.clouds import objects
from tests.report.results import results

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium and chromedriver"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser that notes each request and each message of its console."""
    choices = webdriver.ChromeOptions()
    choices.binary_location = CHROMIUM
    profile = tmp_path_factory.mktemp("profile")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--window-size=1200,1600",
        f"--user-data-dir={profile}",
    ):
        choices.add_argument(argument)
    choices.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=choices, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """The report of two clouds, opened from the disk."""
    run = results(tmp_path_factory.mktemp("run") / "out", ("north", "<b>&é"))
    write_report(run, lambda cloud: Findings(objects(), []))
    browser.get("about:blank")
    browser.get_log("performance")
    browser.get((run.folder / PAGE).as_uri())
    return browser


def view(page):
    """The part of the first map that is shown: x, y, width, height."""
    box = page.execute_script("return document.querySelector('.world').getAttribute('viewBox')")
    return [float(value) for value in box.split(" ")]


def test_it_opens_with_no_request_to_anywhere_and_no_message_on_the_console(page):
    asked = []
    for entry in page.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    own = ("data:", "chrome:")  # in the page, and of the first tab of the browser
    assert [url for url in asked if not url.startswith(own)] == [page.current_url]
    assert page.get_log("browser") == []
    assert page.execute_script("return document.querySelectorAll('.live').length") == 2
    assert page.title == "Report of labelled laser scans"


def test_a_pole_is_large_enough_to_be_seen_at_any_zoom(page):
    width = "return document.querySelector('.pole').getBoundingClientRect().width"
    before = page.execute_script(width)
    assert before >= 7
    page.execute_script("document.querySelector('.zoom-in').click()")
    assert page.execute_script(width) == pytest.approx(before, abs=0.5)
    page.execute_script("document.querySelector('.zoom-home').click()")


def test_the_map_zooms_moves_and_comes_back_and_its_coordinates_follow(page):
    home = view(page)
    ticks = "return [...document.querySelectorAll('.ticks text')].map((node) => node.textContent)"
    first = page.execute_script(ticks)
    for _ in range(3):
        page.execute_script("document.querySelector('.zoom-in').click()")
    near = view(page)
    assert near[2] == pytest.approx(home[2] / 1.6**3) and page.execute_script(ticks) != first
    plate = page.find_element("css selector", ".plate")
    actions = webdriver.ActionChains(page)
    actions.move_to_element(plate).click_and_hold().move_by_offset(60, 30).release().perform()
    moved = view(page)
    assert moved[0] < near[0] and moved[1] < near[1] and moved[2:] == pytest.approx(near[2:])
    page.execute_script("document.querySelector('.zoom-home').click()")
    assert view(page) == pytest.approx(home)
    assert page.execute_script(ticks) == first


def test_a_click_on_a_small_map_shows_that_layer_on_the_large_one(page):
    shown = """return [...document.querySelectorAll('.map')[0].querySelectorAll('.layer')]
        .filter((node) => getComputedStyle(node).display !== 'none').map((node) => node.classList[1])"""
    assert page.execute_script(shown) == ["layer-labels"]
    label = page.find_element("css selector", ".side-errors")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", label)
    label.click()
    assert page.execute_script(shown) == ["layer-errors"]
    assert page.find_element("css selector", ".keys-errors").is_displayed()
    assert not page.find_element("css selector", ".keys-labels").is_displayed()


def test_a_name_is_text_and_no_element(page):
    assert page.execute_script("return document.querySelectorAll('h2 b').length") == 0
    assert "<b>&é" in [each.text for each in page.find_elements("css selector", "h2")]
