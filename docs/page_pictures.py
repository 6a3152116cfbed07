"""Draw the pictures of docs/correct.md: the pages of a run, as Chromium shows them.

    python docs/page_pictures.py build/demo/at_once docs/images

Needs chromium and chromium-driver.
"""

from __future__ import annotations

import argparse
import shutil
import time
from pathlib import Path

from selenium import webdriver

REPORT, VIEW = (1280, 1330), (1280, 760)
"""Sizes of the windows, pixels."""

OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--hide-scrollbars",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
"""WebGL by the processor: the same picture on every machine."""


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, help="results of a run")
    parser.add_argument("images", type=Path)
    given = parser.parse_args()
    options = webdriver.ChromeOptions()
    for option in OPTIONS:
        options.add_argument(option)
    driver = shutil.which("chromedriver")
    if driver is None:
        parser.error("chromedriver is missing: on Debian, apt-get install chromium chromium-driver")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        for name, size in (("report", REPORT), ("view", VIEW)):
            browser.set_window_size(*size)
            browser.get((given.out / f"{name}.html").resolve().as_uri())
            time.sleep(6)  # the points are drawn bit by bit
            browser.execute_script("document.querySelector('.map')?.scrollIntoView()")
            browser.save_screenshot(str(given.images / f"{name}.png"))
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
