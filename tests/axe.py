"""What axe-core finds wrong with a page in Chromium: only that comes back, not its report of all that is well."""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
WCAG_AND_MORE = (*WCAG, "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""What other colours can spoil where the boxes stay the same."""

RUN = """([only, without]) => axe.run(document, {
    resultTypes: ["violations"], ...(only ? {runOnly: only} : {}),
    rules: Object.fromEntries(without.map(one => [one, {enabled: false}])),
  }).then(found => found.violations.map(
    one => `${one.id}: ${one.nodes.map(node => node.html.slice(0, 160)).join(" | ")}`))"""


@cache
def axe_source() -> str:
    """axe-core's own script, from whichever Python package brings it."""
    for package in ("axe_playwright_python", "axe_core_python"):
        spec = importlib.util.find_spec(package)
        if spec and spec.submodule_search_locations:
            return (Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")
    raise RuntimeError("axe-core is not installed")


def violations(page: Any, only: Sequence[str] = (), *, without: Sequence[str] = ()) -> list[str]:
    """Rule and elements of every breach: by all rules that axe runs of itself, or only those (or with those tags)."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_source())
    return list(page.evaluate(RUN, [list(only) or None, list(without)]))
