"""Judges a SCORM package by the rules of the standard, not by what one platform tolerates.

The structural rules (SCORM 1.2 CAM 2.3 and 2004 4th Edition CAM 3 and 5, IMS Content Packaging, the ADL
conformance requirements) run on every package before it is written; a package that breaks one is never
written. Moodle accepting a package proves nothing: its check wants only an `imsmanifest.xml` at the
root. XML Schema validation needs the `xmlschema` library and is asked for separately (`check --strict`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from authoring.problems import Place, Problem
from course_packages.editions import EDITIONS, INSTANCE, MANIFEST, XML, Edition
from course_packages.item_rules import item_problems, sequencing_problems
from course_packages.package_names import name_problems, unsafe_path

_NCNAME = re.compile(r"[A-Za-z_][\w.-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MAX_TITLE = 200


def conformance_problems(names: Collection[str], manifest: bytes | None) -> list[Problem]:
    """Everything that is wrong with a package that holds the files `names` and this manifest."""
    problems = list(name_problems(names))
    if manifest is None or MANIFEST not in names:
        found = next((name for name in sorted(names) if name.lower().endswith(MANIFEST)), "-")
        return [*problems, Problem("package.manifest-not-at-root", {"found": found})]
    root = read_manifest(manifest)
    if isinstance(root, Problem):
        return [*problems, root]
    edition = edition_of(root)
    if edition is None:
        values = {"found": _plain_name(root.tag)}
        return [*problems, Problem("package.manifest-root", values, Place(MANIFEST))]
    return [*problems, *_Judge(root, names, edition).problems()]


def read_manifest(manifest: bytes) -> Element | Problem:
    """The manifest's root element, or why it cannot be read. Entities and document types are refused."""
    place = Place(MANIFEST)
    try:
        root: Element = defusedxml.ElementTree.fromstring(manifest, forbid_dtd=True)
    except DefusedXmlException as error:
        return Problem("package.manifest-not-xml", {"reason": type(error).__name__}, place)
    except (ParseError, ValueError, LookupError) as error:
        return Problem("package.manifest-not-xml", {"reason": str(error)}, place)
    return root


def edition_of(root: Element) -> Edition | None:
    """The edition that the manifest's root element belongs to, by its namespace."""
    return next((one for one in EDITIONS if root.tag == f"{{{one.content_packaging}}}manifest"), None)


def schema_problems(manifest: bytes, schemas: Path) -> list[Problem]:
    """What XML Schema says about a manifest of one of the editions. `schemas` is the folder that holds theirs."""
    root = read_manifest(manifest)
    edition = None if isinstance(root, Problem) else edition_of(root)
    if edition is None:
        return [root] if isinstance(root, Problem) else []
    return [
        Problem(
            "package.schema-says", {"where": error.path or "-", "reason": error.reason or ""}, Place(MANIFEST)
        )
        for error in _schema((schemas / edition.folder).resolve(), edition.name).iter_errors(
            manifest.decode("utf-8")
        )
    ]


@cache
def _schema(folder: Path, edition_name: str) -> Any:
    """The compiled schema of an edition, whose files lie in `folder`; compiling it takes a second."""
    import xmlschema

    edition = next(one for one in EDITIONS if one.name == edition_name)
    # The content model of imsmd is not deterministic to the letter; lax mode loads it all the same.
    return xmlschema.XMLSchema(
        str(folder / edition.locations[edition.content_packaging]),
        locations=[(namespace, str(folder / file)) for namespace, file in edition.locations.items()],
        validation="lax",
    )


def _plain_name(tag: str) -> str:
    """`{namespace}name` as people read it."""
    namespace, _, name = tag.rpartition("}")
    return f"{name} ({namespace[1:] or '-'})"


class _Judge:
    def __init__(self, root: Element, names: Collection[str], edition: Edition) -> None:
        self.root = root
        self.edition = edition
        self.cp = f"{{{edition.content_packaging}}}"
        self.adl = f"{{{edition.adl}}}"
        self.names = set(names)
        self.by_folded = {name.casefold(): name for name in names}

    def problems(self) -> list[Problem]:
        checks: tuple[Callable[[], Iterator[Problem]], ...] = (
            self.parts,
            self.metadata,
            self.schema_files,
            self.identifiers,
            self.organizations,
            lambda: sequencing_problems(self.root, self.edition),
            self.resources,
        )
        return [problem for check in checks for problem in check()]

    @staticmethod
    def problem(code: str, **params: object) -> Problem:
        return Problem(code, params, Place(MANIFEST))

    def parts(self) -> Iterator[Problem]:
        for part in ("organizations", "resources"):
            if (count := len(self.root.findall(f"{self.cp}{part}"))) != 1:
                yield self.problem("package.part-count", part=part, found=count)
        if (count := len(self.root.findall(f"{self.cp}metadata"))) > 1:
            yield self.problem("package.part-count", part="metadata", found=count)
        if self.root.find(f".//{self.cp}manifest") is not None:
            yield self.problem("package.manifest-inside")

    def metadata(self) -> Iterator[Problem]:
        metadata = self.root.find(f"{self.cp}metadata")
        children = [] if metadata is None else list(metadata)
        wanted = (("schema", ("ADL SCORM",)), ("schemaversion", self.edition.versions))
        for position, (tag, values) in enumerate(wanted):
            child = children[position] if position < len(children) else None
            found = (child.text or "").strip() if child is not None and child.tag == f"{self.cp}{tag}" else ""
            if found not in values:
                yield self.problem(
                    "package.schema-version", element=tag, wanted=values[0], found=found or "-"
                )
        for location in self.root.iter(f"{self.adl}location"):
            yield from self.reference((location.text or "").strip())

    def schema_files(self) -> Iterator[Problem]:
        """Every XSD that is named is there, and every namespace in use is mapped to one."""
        location = self.root.get(f"{{{INSTANCE}}}schemaLocation", "").split()
        mapped = dict(zip(location[::2], location[1::2], strict=False))
        if len(location) % 2:
            yield self.problem("package.schema-location", found=location[-1])
        required = self.edition.schema_files if self.edition.content_packaging in mapped else ()
        for file in dict.fromkeys((*mapped.values(), *required)):
            if file not in self.names:
                yield self.problem("package.schema-missing", file=file)
        used = {str(name)[1:].partition("}")[0] for name in self._names_in_use() if str(name).startswith("{")}
        for namespace in sorted(used - {INSTANCE, XML} - mapped.keys()):
            yield self.problem("package.schema-not-mapped", namespace=namespace)

    def _names_in_use(self) -> Iterator[str]:
        for element in self.root.iter():
            yield element.tag
            yield from element.attrib

    def identifiers(self) -> Iterator[Problem]:
        seen: set[str] = set()
        for tag in ("manifest", "organization", "item", "resource"):
            for element in self.root.iter(f"{self.cp}{tag}"):
                identifier = element.get("identifier")
                if identifier is None:
                    yield self.problem("package.identifier-missing", element=tag)
                elif not _NCNAME.fullmatch(identifier):
                    yield self.problem("package.identifier-not-a-name", id=identifier)
                elif identifier in seen:
                    yield self.problem("package.identifier-twice", id=identifier)
                seen.add(identifier or "")

    def organizations(self) -> Iterator[Problem]:
        organizations = self.root.find(f"{self.cp}organizations")
        if organizations is None:
            return
        every = organizations.findall(f"{self.cp}organization")
        if not every:
            yield self.problem("package.no-organization")
        default = organizations.get("default")
        if default not in {organization.get("identifier") for organization in every}:
            yield self.problem("package.default-organization", id=default or "-")
        resources = {each.get("identifier"): each for each in self.root.iter(f"{self.cp}resource")}
        for organization in every:
            yield from self.title(organization)
            if organization.find(f"{self.cp}item") is None:
                yield self.problem("package.organization-empty", id=organization.get("identifier", "-"))
            for item in organization.iter(f"{self.cp}item"):
                yield from self.title(item)
                yield from item_problems(item, resources, self.edition)

    def title(self, element: Element) -> Iterator[Problem]:
        titles = element.findall(f"{self.cp}title")
        identifier = element.get("identifier", "-")
        text = (titles[0].text or "").strip() if titles else ""
        if len(titles) != 1 or not text:
            yield self.problem("package.title-missing", id=identifier)
        elif len(text) > MAX_TITLE:
            yield self.problem("package.title-too-long", id=identifier, n=len(text), limit=MAX_TITLE)
        elif found := _CONTROL.search(text):
            yield self.problem(
                "package.title-control", id=identifier, character=f"U+{ord(found.group()):04X}"
            )

    def resources(self) -> Iterator[Problem]:
        listed: set[str] = set()
        known = {each.get("identifier") for each in self.root.iter(f"{self.cp}resource")}
        outer = [self.root, *self.root.findall(f"{self.cp}resources")]
        base = "".join(each.get(f"{{{XML}}}base", "") for each in outer)
        for each in outer:
            yield from self.base_path(each)
        for resource in self.root.iter(f"{self.cp}resource"):
            identifier = resource.get("identifier", "-")
            if resource.get("type") != "webcontent":
                yield self.problem("package.resource-type", id=identifier, found=resource.get("type", "-"))
            yield from self.scorm_type(resource, identifier)
            yield from self.base_path(resource)
            href = resource.get("href")
            if href is None and resource.get(f"{self.adl}{self.edition.type_attribute}") == "sco":
                yield self.problem("package.sco-without-page", id=identifier)
            here = base + resource.get(f"{{{XML}}}base", "")
            files = [file.get("href", "") for file in resource.findall(f"{self.cp}file")]
            for path in ([href] if href is not None else []) + files:
                yield from self.reference(path, here)
                listed.add(unquote(here + path.partition("?")[0].partition("#")[0]))
            if href is not None and href.partition("?")[0].partition("#")[0] not in files:
                yield self.problem("package.page-not-listed", id=identifier, href=href)
            for dependency in resource.findall(f"{self.cp}dependency"):
                if (reference := dependency.get("identifierref")) not in known:
                    yield self.problem("package.item-reference", id=identifier, reference=reference or "-")
        for name in sorted(self.names - listed - {MANIFEST}):
            if not name.endswith((".xsd", ".dtd")):
                yield self.problem("package.file-not-listed", name=name)

    def base_path(self, element: Element) -> Iterator[Problem]:
        """The standard allows xml:base; Moodle 1.2 import and others ignore it, so that pages are not found."""
        base = element.get(f"{{{XML}}}base")
        if base is not None:
            yield self.problem("package.base-path", id=element.get("identifier", "resources"))
            if not base.endswith("/") or base.startswith("/") or _SCHEME.match(base):
                yield self.problem("package.base-path-form", found=base)

    def scorm_type(self, resource: Element, identifier: str) -> Iterator[Problem]:
        found = resource.get(f"{self.adl}{self.edition.type_attribute}")
        if found not in ("sco", "asset"):
            other = next((key for key in resource.attrib if key.lower().endswith("scormtype")), "-")
            shown = found if found is not None else other.removeprefix(self.adl)
            wanted = f"adlcp:{self.edition.type_attribute}"
            yield self.problem("package.scorm-type", id=identifier, found=shown, wanted=wanted)

    def reference(self, href: str, base: str = "") -> Iterator[Problem]:
        if _SCHEME.match(href) or href.startswith("//"):
            yield self.problem("package.href-outside", href=href)
            return
        path = unquote(base + href.partition("?")[0].partition("#")[0])
        if _BAD_ESCAPE.search(href):
            yield self.problem("package.href-escape", href=href)
        elif why := unsafe_path(path):
            yield self.problem("package.href-unsafe", href=href, why=why)
        elif path not in self.names:
            other = self.by_folded.get(path.casefold())
            if other is None:
                yield self.problem("package.href-missing", href=href)
            else:
                yield self.problem("package.href-other-case", href=href, real=other)
