"""What every page is held to: it fits its screen, and axe finds nothing."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_GRAVE = frozenset({"serious", "critical"})


def width_of(page: Page) -> int:
    """Tell how wide a page is with all its styles, CSS pixels."""
    # Where a form or a link led to, the styles may still be on their way.
    page.wait_for_load_state("load")
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def grave_faults(page: Page) -> list[tuple[str, list[str]]]:
    """Tell what axe calls serious or critical, and where."""
    return _faults(page, _GRAVE)


def all_faults(page: Page) -> list[tuple[str, list[str]]]:
    """Tell everything that axe finds, and where."""
    return _faults(page, None)


def _faults(page: Page, impacts: frozenset[str] | None) -> list[tuple[str, list[str]]]:
    page.wait_for_load_state("load")
    return [
        (one["id"], [node["html"][:160] for node in one["nodes"][:3]])
        for one in Axe().run(page).response["violations"]
        if impacts is None or one["impact"] in impacts
    ]
