"""Pictures of pages for the docs, in a headless Chromium: a certificate light, dark, on a phone and in print, others.

Run `python -m pages.screenshots`: the pages of a known mistake, of a sweep of it, and of two torches are made first, in
two minutes. Needs the extra `browser`, and Chromium (of Debian's packages, or CHROMIUM names it). Writes docs/images/.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from specimens.browser import open_browser

IMAGES = Path(__file__).parents[1] / "docs" / "images"
EXAMPLE = "mistake:reverse-starts-from-forward-states"
COLOURS = 64  # of a PNG
RECORDS = Path(__file__).parents[1] / "records"
COMMANDS = {  # of the page of each picture
    "certificate": ("verify", "--impl", EXAMPLE),
    "sweep": (*("sweep", "--impl", EXAMPLE, "--profile", "quick", "--sizes", "1:8", "--budget", "40s"), "--store"),
    "torches": ("compare", str(RECORDS / "2.1.2.record"), str(RECORDS / "2.13.0.record")),
}
VIEWS = {  # width, height, colour scheme, medium
    "light": (1200, 1500, "light", "screen"),
    "dark": (1200, 1500, "dark", "screen"),
    "phone": (360, 1500, "light", "screen"),
    "print": (794, 1123, "light", "print"),
}


def take_pictures(page: Path, views: Sequence[str], folder: Path) -> None:
    """Write a picture of some views of a page."""
    with open_browser() as browser:
        for name in views:
            width, height, scheme, medium = VIEWS[name]
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            tab = context.new_page()
            tab.emulate_media(media=medium, color_scheme=scheme)
            tab.goto(page.resolve().as_uri())
            tab.screenshot(path=folder / f"{page.stem}-{name}.png")
            context.close()


def reduce_colours(path: Path) -> None:
    """Write a PNG again with few colours: a quarter of its size."""
    from PIL import Image

    with Image.open(path) as image:
        reduced = image.convert("RGB").quantize(COLOURS)
    reduced.save(path, optimize=True)


def make_page(name: str, folder: Path) -> Path:
    """Return the page that a command makes."""
    page, arguments = folder / f"{name}.html", COMMANDS[name]
    store = [str(folder / "example.sweep")] if arguments[-1] == "--store" else []
    command = [sys.executable, "-m", "lstm_parity", *arguments, *store, "--html", str(page)]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # it exits with 1: that is what it shows
    return page


def main() -> None:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in COMMANDS:
            views = tuple(VIEWS) if name == "certificate" else ("light",)
            take_pictures(make_page(name, Path(folder)), views, IMAGES)
    for path in sorted(file for name in COMMANDS for file in IMAGES.glob(f"{name}-*.png")):
        reduce_colours(path)
        print(path.name, f"{path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
