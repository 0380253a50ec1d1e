"""A package that a site holds in other bytes but with the same content is the one that the files want. Pure.

Two machines may deflate the same files differently (another zlib), and Moodle tells the sum of the bytes only. So
the hash that the site keeps for us says which content was pushed, to everybody who looks (DesiredObject.wanted_hash).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lms_sync.drift import Base, as_pushed
from lms_sync.plan import DesiredObject, ObservedObject, same


def with_bytes_that_are_there(
    desired: Sequence[DesiredObject], observed: Iterable[ObservedObject], base: Base
) -> tuple[DesiredObject, ...]:
    """The objects, each package as the site holds it where that is known to be the same content.

    `base` is what was last applied, by which an object is judged that somebody has edited in another way since.
    """
    seen = {(one.kind, one.scope, one.key): one for one in observed}
    return tuple(_as_it_is_there(want, seen.get((want.kind, want.scope, want.key)), base) for want in desired)


def _as_it_is_there(want: DesiredObject, have: ObservedObject | None, base: Base) -> DesiredObject:
    if not want.content or have is None:
        return want
    there = have.fields.get("sha1")
    known = base.get((want.kind, want.scope, want.key))
    told = have.hash if as_pushed(have) else ""
    if not told and known and known.applied and same(known.applied.fields.get("sha1"), there):
        told = known.applied.hash
    return replace(want, fields={**want.fields, "sha1": there}) if want.is_content_of(told) else want
