"""A headless Chromium for tests, measurements and pictures of pages, where one is installed.

`python -m specimens.browser` fails if there is none.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CONTRAST = """() => {
  const parse = (words) => words.match(/[\\d.]+/g).map(Number);
  const light = (words) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = parse(words).map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (parse(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  for (const part of document.querySelectorAll("details")) part.open = true;
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest("script")) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(style.color), light(behind(element))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    found.push({ name: element.className || element.tagName, ratio, needed: large ? 3 : 4.5 });
  }
  return found;
}"""
"""Unfolds a page, and returns of every element with text of its own the contrast by WCAG 2 and that which AA needs."""


def find_chromium() -> str | None:
    """Return the program, None if there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def open_browser() -> Iterator[Any]:
    """Yield a browser of playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


def main() -> None:
    """Open it once; exit with a sentence if there is none."""
    if find_chromium() is None:
        raise SystemExit("there is no Chromium: apt-get install chromium, or name one by CHROMIUM=PROGRAM")
    with open_browser():
        pass


if __name__ == "__main__":
    main()
