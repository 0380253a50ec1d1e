"""Looks a package over that somebody else has made: what it holds, which rules it breaks, what is risky in it.

Nothing is written and nothing of it is run. `Inspection.refusals` says what keeps it from being given to
a platform; broken rules of the standard alone do not, since platforms play most such packages.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from authoring.problems import Place, Problem
from course_packages.conformance import conformance_problems, edition_of, read_manifest
from course_packages.editions import MANIFEST, XML, Edition
from course_packages.foreign.open_zip import Limits, OpenZip
from course_packages.foreign.risks import Risk, RiskScan, wants_text
from course_packages.package_names import shown

MAX_MANIFEST = 4_000_000
_MAX_TEXT = 4_000_000  # of one file; a longer one is read to here
_MAX_SCANNED = 100_000_000  # of all
_DEEPEST = 200

_TYPES: Mapping[str, tuple[str, ...]] = {
    "pages": (".html", ".htm", ".xhtml"),
    "scripts": (".js", ".mjs"),
    "styles": (".css",),
    "pictures": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp", ".ico", ".avif"),
    "video": (".mp4", ".webm", ".mov", ".m4v", ".avi", ".ogv", ".vtt", ".srt"),
    "audio": (".mp3", ".m4a", ".ogg", ".wav", ".oga", ".aac"),
    "fonts": (".woff", ".woff2", ".ttf", ".otf", ".eot"),
    "documents": (".pdf", ".doc", ".docx", ".ppt", ".pptx", ".xls", ".xlsx", ".odt"),
    "data": (".json", ".xml", ".txt", ".csv"),
    "schemas": (".xsd", ".dtd"),
}
_TYPE_OF = {suffix: name for name, suffixes in _TYPES.items() for suffix in suffixes}

# Codes of broken rules after which a platform has nothing to open, or may write where it should not.
_REFUSED = frozenset(
    {
        "package.name-unsafe",
        "package.names-collide",
        "package.manifest-not-at-root",
        "package.manifest-not-xml",
        "package.manifest-root",
        "package.no-organization",
    }
)


@dataclass(frozen=True)
class FoundSco:
    """A SCO that somebody else's manifest lists. `page` has its parameters; `mastery` is as it stands there."""

    identifier: str
    title: str
    page: str
    mastery: str = ""


@dataclass(frozen=True)
class TypeSize:
    """How much of a package is of one type: number of files, bytes unpacked and packed."""

    name: str
    files: int
    size: int
    packed: int


@dataclass(frozen=True)
class Inspection:
    """What was found out. Sums are hexadecimal; `content_sha256` is empty where the content was not read."""

    name: str
    size: int
    sha1: str
    sha256: str
    content_sha256: str
    edition: str
    schemaversion: str  # as the manifest has it, blanks and all
    title: str
    scos: tuple[FoundSco, ...]
    types: tuple[TypeSize, ...]
    problems: tuple[Problem, ...]
    risks: tuple[Risk, ...]

    @property
    def refusals(self) -> tuple[Problem, ...]:
        """Why it cannot be given to a platform: unsafe, broken, or without anything to open."""
        return tuple(one for one in self.problems if is_refusal(one))

    @property
    def broken_rules(self) -> tuple[Problem, ...]:
        """The rules of the standard that it breaks and that platforms mostly forgive."""
        return tuple(one for one in self.problems if not is_refusal(one))


def is_refusal(problem: Problem) -> bool:
    """Whether a problem keeps a package from being given to a platform."""
    return problem.code.startswith("foreign.") or problem.code in _REFUSED


def inspect_package(
    path: Path, limits: Limits | None = None, *, by_schema: Callable[[bytes], list[Problem]] | None = None
) -> Inspection:
    """Looks a package over; `by_schema` may judge its manifest besides. Raises OSError where it cannot be read at all."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        sha1 = hashlib.file_digest(file, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
    with OpenZip(path, limits) as archive:
        found = _Contents(archive, by_schema)
    return Inspection(
        name=path.name,
        size=path.stat().st_size,
        sha1=sha1,
        sha256=sha256,
        content_sha256=found.content_sha256,
        edition=found.edition_name,
        schemaversion=found.schemaversion,
        title=found.title,
        scos=found.scos,
        types=_types(archive),
        problems=tuple(found.problems),
        risks=tuple(found.risks),
    )


def _types(archive: OpenZip) -> tuple[TypeSize, ...]:
    sums: dict[str, list[int]] = {}
    for member in archive.members:
        name = _TYPE_OF.get(PurePosixPath(member.name).suffix.lower(), "other")
        tally = sums.setdefault(name, [0, 0, 0])
        for at, value in enumerate((1, member.size, member.packed)):
            tally[at] += value
    ordered = sorted(sums.items(), key=lambda one: (-one[1][2], one[0]))
    return tuple(TypeSize(name, *tally) for name, tally in ordered)


class _Contents:
    """What was read out of a zip that can be trusted to be read."""

    def __init__(self, archive: OpenZip, by_schema: Callable[[bytes], list[Problem]] | None) -> None:
        self.archive = archive
        self.by_schema = by_schema
        self.problems = list(archive.problems)
        self.content_sha256 = ""
        self.edition_name = ""
        self.schemaversion = ""
        self.title = ""
        self.scos: tuple[FoundSco, ...] = ()
        self.risks: tuple[Risk, ...] = ()
        if not self.problems:
            self._read()

    def _problem(self, code: str, **params: object) -> None:
        self.problems.append(Problem(code, params, Place(self.archive.path.name)))

    def _read(self) -> None:
        members = {member.name: member for member in self.archive.members}
        manifest = None
        if MANIFEST in members:
            if members[MANIFEST].size > MAX_MANIFEST:
                self._problem("foreign.manifest-too-large", limit=f"{MAX_MANIFEST / 1e6:.0f} MB")
                return
            manifest = self._whole(MANIFEST)
            if manifest is None:
                return
            if _depth(manifest) > _DEEPEST:
                self._problem("foreign.manifest-too-deep", limit=_DEEPEST)
                return
        self.problems.extend(conformance_problems(members.keys(), manifest))
        root = read_manifest(manifest) if manifest is not None else None
        edition = edition_of(root) if isinstance(root, Element) else None
        if isinstance(root, Element) and edition is not None:
            self._describe(root, edition)
            if self.by_schema is not None and manifest is not None:
                self.problems.extend(self.by_schema(manifest))
        self._scan(edition)

    def _whole(self, name: str) -> bytes | None:
        try:
            return b"".join(self.archive.pieces(name))
        except zipfile.BadZipFile as error:
            self._problem("foreign.zip-damaged", name=shown(name), reason=str(error))
            return None

    def _describe(self, root: Element, edition: Edition) -> None:
        cp = f"{{{edition.content_packaging}}}"
        self.schemaversion = root.findtext(f"{cp}metadata/{cp}schemaversion") or ""
        version = self.schemaversion.strip()
        self.edition_name = "SCORM 1.2" if edition.folder == "scorm12" else f"SCORM {version or '2004'}"
        self.scos = tuple(_scos(root, edition))
        organization = root.find(f"{cp}organizations/{cp}organization")
        if organization is not None:
            self.title = shown((organization.findtext(f"{cp}title") or "").strip(), 200)
        if not self.scos:
            self._problem("foreign.no-sco")
        there = {member.name for member in self.archive.members}
        for sco in self.scos:
            page = unquote(sco.page.partition("?")[0].partition("#")[0])
            if page not in there:
                self._problem("foreign.page-missing", id=shown(sco.identifier), page=shown(sco.page))

    def _scan(self, edition: Edition | None) -> None:
        scan = RiskScan(edition)
        sums: dict[str, str] = {}
        left = _MAX_SCANNED
        for member in sorted(self.archive.members, key=lambda one: one.name):
            scan.name(member.name)
            digest = hashlib.sha256()
            text = bytearray()
            wanted = min(_MAX_TEXT, left) if wants_text(member.name) else 0
            try:
                for piece in self.archive.pieces(member.name):
                    digest.update(piece)
                    text += piece[: wanted - len(text)]
            except zipfile.BadZipFile as error:
                self._problem("foreign.zip-damaged", name=shown(member.name), reason=str(error))
                continue
            sums[member.name] = digest.hexdigest()
            left -= len(text)
            if wanted:
                scan.text(member.name, bytes(text))
        self.risks = tuple(scan.risks())
        if len(sums) == len(self.archive.members):
            lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))
            self.content_sha256 = hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()


def _depth(manifest: bytes) -> int:
    """At least as deep as the manifest is nested, without parsing it: how many tags are open at once."""
    deepest = depth = 0
    at = manifest.find(b"<")
    while at >= 0:
        following = manifest[at + 1 : at + 2]
        end = manifest.find(b">", at)
        if following == b"/":
            depth -= 1
        elif following not in (b"!", b"?") and manifest[end - 1 : end] != b"/":
            depth += 1
            deepest = max(deepest, depth)
        at = manifest.find(b"<", at + 1)
    return deepest


def _scos(root: Element, edition: Edition) -> Iterator[FoundSco]:
    """The SCOs in the order of the default organization (else of the first), each with its page."""
    cp, adl = f"{{{edition.content_packaging}}}", f"{{{edition.adl}}}"
    organizations = root.find(f"{cp}organizations")
    every = organizations.findall(f"{cp}organization") if organizations is not None else []
    default = organizations.get("default") if organizations is not None else None
    chosen = next((one for one in every if one.get("identifier") == default), every[0] if every else None)
    if chosen is None:
        return
    resources = root.find(f"{cp}resources")
    outer = root.get(f"{{{XML}}}base", "") + (
        resources.get(f"{{{XML}}}base", "") if resources is not None else ""
    )
    by_id = {each.get("identifier"): each for each in root.iter(f"{cp}resource")}
    for item in chosen.iter(f"{cp}item"):
        resource = by_id.get(item.get("identifierref"))
        if resource is None or resource.get("href") is None:
            continue
        kinds = {value for name, value in resource.attrib.items() if name.lower() == f"{adl}scormtype"}
        if kinds and kinds != {"sco"}:
            continue  # an asset: shown, but it keeps no record
        href = str(resource.get("href"))
        yield FoundSco(
            identifier=item.get("identifier", ""),
            title=shown((item.findtext(f"{cp}title") or "").strip(), 200),
            page=outer
            + resource.get(f"{{{XML}}}base", "")
            + href
            + _parameters(item.get("parameters", ""), href),
            mastery=(item.findtext(f"{adl}masteryscore") or "").strip(),
        )


def _parameters(parameters: str, href: str) -> str:
    """An item's parameters behind an address, as SCORM joins them (CAM 3.4.1.14)."""
    if not parameters or parameters.startswith("#"):
        return parameters
    return ("&" if "?" in href else "?") + parameters.lstrip("?&")
