"""Colours that are made of others: mixtures, the same hue lighter or darker, the nearest one that is good enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache

from authoring.contrast import contrast

Lightness = tuple[float, float, float]
"""Lightness 0 to 1, chroma and hue of the OKLCH space (CSS Color 4, section 9.4), in which equal steps look equal."""

_STEPS = 50


def long_form(colour: str) -> str:
    """`#rrggbb` in small letters for `#rgb` or `#rrggbb`."""
    digits = colour[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


@lru_cache(maxsize=4096)
def mix(front: str, ground: str, share: float) -> str:
    """`share` (0 to 1) of `front` over `ground`, as a half-transparent colour would look."""
    pairs = zip(_parts(front), _parts(ground), strict=True)
    return _hex(share * one + (1 - share) * other for one, other in pairs)


@lru_cache(maxsize=4096)
def softest(front: str, ground: str, needed: float) -> str:
    """The palest mixture of two colours that keeps this contrast with `ground`; `front` where none does."""
    for percent in range(10, 100, 2):
        mixed = mix(front, ground, percent / 100)
        if contrast(mixed, ground) >= needed:
            return mixed
    return front


def strongest(colours: Iterable[str], ground: str) -> str:
    """Which of several colours stands out most from `ground`; the first of equals."""
    return max(colours, key=lambda colour: contrast(colour, ground))


def nearest(colour: str, good: Callable[[str], bool]) -> str | None:
    """The colour of the same hue, a little lighter or darker, that is `good`; None where none of them is."""
    lightness, chroma, hue = _to_oklch(colour)
    for step in range(_STEPS + 1):
        for way in (-1, 1):
            there = min(1.0, max(0.0, lightness + way * step / _STEPS))
            if good(_from_oklch((there, chroma, hue))):
                here = (
                    lightness + way * (step - 1) / _STEPS if step else there
                )  # not good: what is sought lies between
                for _ in range(4):
                    middle = (here + there) / 2
                    if good(_from_oklch((middle, chroma, hue))):
                        there = middle
                    else:
                        here = middle
                return _from_oklch((there, chroma, hue))
    return None


def _parts(colour: str) -> list[float]:
    digits = long_form(colour)[1:]
    return [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]


def _hex(parts: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, part))):02x}" for part in parts)


def _to_oklch(colour: str) -> Lightness:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour)
    )
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _from_oklch(one: Lightness) -> str:
    """The colour as screens have it; where they have none so vivid, less vivid."""
    lightness, chroma, hue = one
    while True:
        parts = _linear(lightness, chroma, hue)
        if chroma < 0.002 or all(-0.0005 <= part <= 1.0005 for part in parts):
            return _hex(
                12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
                for part in (min(1.0, max(0.0, part)) for part in parts)
            )
        chroma *= 0.96


def _linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
