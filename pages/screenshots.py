"""Pictures of certificate pages for the docs, in a headless Chromium: light, dark, a phone, and print.

Run `python -m pages.screenshots [PAGE.html]`: without a page, that of a known mistake is made first, in a minute. Needs
the extra `browser`, and Chromium (of Debian's packages, or CHROMIUM names it). Writes docs/images/certificate-*.png.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from specimens.browser import open_browser

IMAGES = Path(__file__).parents[1] / "docs" / "images"
EXAMPLE = "mistake:reverse-starts-from-forward-states"
COLOURS = 64  # of a PNG
VIEWS = {  # width, height, colour scheme, medium
    "light": (1200, 1500, "light", "screen"),
    "dark": (1200, 1500, "dark", "screen"),
    "phone": (360, 1500, "light", "screen"),
    "print": (794, 1123, "light", "print"),
}


def take_pictures(page: Path, folder: Path) -> None:
    """Write a picture of each view of a page."""
    with open_browser() as browser:
        for name, (width, height, scheme, medium) in VIEWS.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            tab = context.new_page()
            tab.emulate_media(media=medium, color_scheme=scheme)
            tab.goto(page.resolve().as_uri())
            tab.screenshot(path=folder / f"certificate-{name}.png")
            context.close()


def reduce_colours(path: Path) -> None:
    """Write a PNG again with few colours: a quarter of its size."""
    from PIL import Image

    with Image.open(path) as image:
        reduced = image.convert("RGB").quantize(COLOURS)
    reduced.save(path, optimize=True)


def make_example(folder: Path) -> Path:
    """Return the page of a known mistake."""
    page = folder / "certificate.html"
    command = [sys.executable, "-m", "lstm_parity", "verify", "--impl", EXAMPLE, "--html", str(page)]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # it exits with 1: that is what it shows
    return page


def main() -> None:
    """Write all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(sys.argv[1]) if len(sys.argv) > 1 else make_example(Path(folder))
        take_pictures(page, IMAGES)
    for path in sorted(IMAGES.glob("certificate-*.png")):
        reduce_colours(path)
        print(path.name, f"{path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
