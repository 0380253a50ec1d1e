"""Judges a SCORM 1.2 package by the rules of the standard, not by what one platform tolerates.

The structural rules (SCORM 1.2 CAM, IMS Content Packaging 1.1.2 and the ADL conformance requirements)
run on every package before it is written; a package that breaks one is never written. Moodle accepting
a package proves nothing: its check wants only an `imsmanifest.xml` at the root. XML Schema validation
needs the `xmlschema` library and is asked for separately (`check --strict`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from authoring.problems import Place, Problem
from course_packages.manifest import ADL, CONTENT_PACKAGING, INSTANCE, MANIFEST, META_DATA, SCHEMAS

_CP = f"{{{CONTENT_PACKAGING}}}"
_ADL = f"{{{ADL}}}"
_NCNAME = re.compile(r"[A-Za-z_][\w.-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# The order of an item's children (imscp_rootv1p1p2.xsd and adlcp_rootv1p2.xsd, CAM 2.3.5).
_ITEM_ORDER = (
    f"{_CP}title",
    f"{_CP}item",
    f"{_CP}metadata",
    f"{_ADL}prerequisites",
    f"{_ADL}maxtimeallowed",
    f"{_ADL}timelimitaction",
    f"{_ADL}datafromlms",
    f"{_ADL}masteryscore",
)
_TIME_LIMIT_ACTIONS = {"exit,message", "exit,no message", "continue,message", "continue,no message"}
MAX_TITLE = 200


def conformance_problems(names: Collection[str], manifest: bytes | None) -> list[Problem]:
    """Everything that is wrong with a package that holds the files `names` and this manifest."""
    problems = list(_problems_of_names(names))
    if manifest is None or MANIFEST not in names:
        found = next((name for name in sorted(names) if name.lower().endswith(MANIFEST)), "-")
        return [*problems, Problem("package.manifest-not-at-root", {"found": found})]
    place = Place(MANIFEST)
    try:
        root = defusedxml.ElementTree.fromstring(manifest, forbid_dtd=True)
    except DefusedXmlException as error:
        return [*problems, Problem("package.manifest-not-xml", {"reason": type(error).__name__}, place)]
    except (ParseError, ValueError) as error:
        return [*problems, Problem("package.manifest-not-xml", {"reason": str(error)}, place)]
    if root.tag != f"{_CP}manifest":
        return [*problems, Problem("package.manifest-root", {"found": _plain_name(root.tag)}, place)]
    return [*problems, *_Judge(root, names).problems()]


def schema_problems(manifest: bytes, schemas: Path) -> list[Problem]:
    """What XML Schema says about a manifest. `schemas` is a folder with the four files of SCORM 1.2."""
    import xmlschema

    # The content model of imsmd is not deterministic to the letter; lax mode loads it all the same.
    schema = xmlschema.XMLSchema(
        str(schemas / "imscp_rootv1p1p2.xsd"),
        locations=[
            (META_DATA, str(schemas / "imsmd_rootv1p2p1.xsd")),
            (ADL, str(schemas / "adlcp_rootv1p2.xsd")),
        ],
        validation="lax",
    )
    return [
        Problem(
            "package.schema-says", {"where": error.path or "-", "reason": error.reason or ""}, Place(MANIFEST)
        )
        for error in schema.iter_errors(manifest.decode("utf-8"))
    ]


def _plain_name(tag: str) -> str:
    """`{namespace}name` as people read it."""
    namespace, _, name = tag.rpartition("}")
    return f"{name} ({namespace[1:] or '-'})"


def _problems_of_names(names: Collection[str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name in sorted(names):
        if why := _unsafe_path(name):
            yield Problem("package.name-unsafe", {"name": name, "why": why})
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            yield Problem("package.names-collide", {"name": name, "other": other})


def _unsafe_path(path: str) -> str | None:
    """What keeps a path from being a plain relative one, or None."""
    if "\\" in path:
        return "\\"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return path[:2]
    if ".." in path.split("/"):
        return ".."
    if found := _CONTROL.search(path):
        return f"U+{ord(found.group()):04X}"
    return None


class _Judge:
    def __init__(self, root: Element, names: Collection[str]) -> None:
        self.root = root
        self.names = set(names)
        self.by_folded = {name.casefold(): name for name in names}

    def problems(self) -> list[Problem]:
        checks: tuple[Callable[[], Iterator[Problem]], ...] = (
            self.parts,
            self.metadata,
            self.schema_files,
            self.identifiers,
            self.organizations,
            self.resources,
        )
        return [problem for check in checks for problem in check()]

    @staticmethod
    def problem(code: str, **params: object) -> Problem:
        return Problem(code, params, Place(MANIFEST))

    def parts(self) -> Iterator[Problem]:
        for part in ("organizations", "resources"):
            if (count := len(self.root.findall(f"{_CP}{part}"))) != 1:
                yield self.problem("package.part-count", part=part, found=count)
        if (count := len(self.root.findall(f"{_CP}metadata"))) > 1:
            yield self.problem("package.part-count", part="metadata", found=count)
        if self.root.find(f".//{_CP}manifest") is not None:
            yield self.problem("package.manifest-inside")

    def metadata(self) -> Iterator[Problem]:
        metadata = self.root.find(f"{_CP}metadata")
        children = [] if metadata is None else list(metadata)
        wanted = (("schema", "ADL SCORM"), ("schemaversion", "1.2"))
        for position, (tag, value) in enumerate(wanted):
            child = children[position] if position < len(children) else None
            found = (child.text or "").strip() if child is not None and child.tag == f"{_CP}{tag}" else ""
            if found != value:
                yield self.problem("package.schema-version", element=tag, wanted=value, found=found or "-")

    def schema_files(self) -> Iterator[Problem]:
        """Every XSD that is named is there, and every namespace in use is mapped to one."""
        location = self.root.get(f"{{{INSTANCE}}}schemaLocation", "").split()
        mapped = dict(zip(location[::2], location[1::2], strict=False))
        if len(location) % 2:
            yield self.problem("package.schema-location", found=location[-1])
        for file in (*mapped.values(), *(SCHEMAS if CONTENT_PACKAGING in mapped else ())):
            if file not in self.names:
                yield self.problem("package.schema-missing", file=file)
        used = {str(name)[1:].partition("}")[0] for name in self._names_in_use() if str(name).startswith("{")}
        for namespace in sorted(used - {INSTANCE, "http://www.w3.org/XML/1998/namespace"} - mapped.keys()):
            yield self.problem("package.schema-not-mapped", namespace=namespace)

    def _names_in_use(self) -> Iterator[str]:
        for element in self.root.iter():
            yield element.tag
            yield from element.attrib

    def identifiers(self) -> Iterator[Problem]:
        seen: set[str] = set()
        for tag in ("manifest", "organization", "item", "resource"):
            for element in self.root.iter(f"{_CP}{tag}"):
                identifier = element.get("identifier")
                if identifier is None:
                    yield self.problem("package.identifier-missing", element=tag)
                elif not _NCNAME.fullmatch(identifier):
                    yield self.problem("package.identifier-not-a-name", id=identifier)
                elif identifier in seen:
                    yield self.problem("package.identifier-twice", id=identifier)
                seen.add(identifier or "")

    def organizations(self) -> Iterator[Problem]:
        organizations = self.root.find(f"{_CP}organizations")
        if organizations is None:
            return
        every = organizations.findall(f"{_CP}organization")
        if not every:
            yield self.problem("package.no-organization")
        default = organizations.get("default")
        if default not in {organization.get("identifier") for organization in every}:
            yield self.problem("package.default-organization", id=default or "-")
        resources = {each.get("identifier") for each in self.root.iter(f"{_CP}resource")}
        for organization in every:
            yield from self.title(organization)
            if organization.find(f"{_CP}item") is None:
                yield self.problem("package.organization-empty", id=organization.get("identifier", "-"))
            for item in organization.iter(f"{_CP}item"):
                yield from self.item(item, resources)

    def title(self, element: Element) -> Iterator[Problem]:
        titles = element.findall(f"{_CP}title")
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

    def item(self, item: Element, resources: Collection[str | None]) -> Iterator[Problem]:
        identifier = item.get("identifier", "-")
        reference = item.get("identifierref")
        yield from self.title(item)
        if reference is None and item.find(f"{_CP}item") is None:
            yield self.problem("package.item-leads-nowhere", id=identifier)
        elif reference is not None and reference not in resources:
            yield self.problem("package.item-reference", id=identifier, reference=reference)
        if reference is None and item.get("parameters"):
            yield self.problem("package.item-parameters", id=identifier)
        order = [_ITEM_ORDER.index(child.tag) for child in item if child.tag in _ITEM_ORDER]
        if order != sorted(order):
            yield self.problem("package.item-order", id=identifier)
        yield from self.launch_rules(item, identifier)

    def launch_rules(self, item: Element, identifier: str) -> Iterator[Problem]:
        """The ADL elements of an item, whose types the XSD leaves open (CAM 2.3.5.2)."""

        def wrong(element: str, found: str) -> Problem:
            return self.problem("package.item-value", id=identifier, element=element, found=found)

        for child in item:
            value = (child.text or "").strip()
            match child.tag.removeprefix(_ADL):
                case "masteryscore" if not (re.fullmatch(r"\d{1,3}(\.\d+)?", value) and float(value) <= 100):
                    yield wrong("masteryscore", value)
                case "prerequisites" if len(value) > 200 or child.get("type") != "aicc_script":
                    yield wrong("prerequisites", value)
                case "maxtimeallowed" if not re.fullmatch(r"\d{2,4}:\d{2}:\d{2}(\.\d{1,2})?", value):
                    yield wrong("maxtimeallowed", value)
                case "timelimitaction" if value not in _TIME_LIMIT_ACTIONS:
                    yield wrong("timelimitaction", value)
                case "datafromlms" if len(value) > 255:
                    yield wrong("datafromlms", value[:20] + "…")

    def resources(self) -> Iterator[Problem]:
        listed: set[str] = set()
        for resource in self.root.iter(f"{_CP}resource"):
            identifier = resource.get("identifier", "-")
            if resource.get("type") != "webcontent":
                yield self.problem("package.resource-type", id=identifier, found=resource.get("type", "-"))
            yield from self.scorm_type(resource, identifier)
            href = resource.get("href")
            base = resource.get("{http://www.w3.org/XML/1998/namespace}base", "")
            if base:
                yield self.problem("package.base-path", id=identifier)  # Moodle ignores it
            if href is None and resource.get(f"{_ADL}scormtype") == "sco":
                yield self.problem("package.sco-without-page", id=identifier)
            files = [file.get("href", "") for file in resource.findall(f"{_CP}file")]
            for path in ([href] if href is not None else []) + files:
                yield from self.reference(path)
                listed.add(unquote(path.partition("?")[0]))
            if href is not None and href.partition("?")[0] not in files:
                yield self.problem("package.page-not-listed", id=identifier, href=href)
            yield from self.dependencies(resource, identifier)
        for name in sorted(self.names - listed - {MANIFEST}):
            if not name.endswith((".xsd", ".dtd")):
                yield self.problem("package.file-not-listed", name=name)

    def scorm_type(self, resource: Element, identifier: str) -> Iterator[Problem]:
        found = resource.get(f"{_ADL}scormtype")
        if found not in ("sco", "asset"):
            other = next((key for key in resource.attrib if key.lower().endswith("scormtype")), "-")
            shown = found if found is not None else other.removeprefix(_ADL)
            yield self.problem("package.scorm-type", id=identifier, found=shown)

    def dependencies(self, resource: Element, identifier: str) -> Iterator[Problem]:
        known = {each.get("identifier") for each in self.root.iter(f"{_CP}resource")}
        for dependency in resource.findall(f"{_CP}dependency"):
            if (reference := dependency.get("identifierref")) not in known:
                yield self.problem("package.item-reference", id=identifier, reference=reference or "-")

    def reference(self, href: str) -> Iterator[Problem]:
        if _SCHEME.match(href) or href.startswith("//"):
            yield self.problem("package.href-outside", href=href)
            return
        path = unquote(href.partition("?")[0].partition("#")[0])
        if _BAD_ESCAPE.search(href):
            yield self.problem("package.href-escape", href=href)
        elif why := _unsafe_path(path):
            yield self.problem("package.href-unsafe", href=href, why=why)
        elif path not in self.names:
            other = self.by_folded.get(path.casefold())
            if other is None:
                yield self.problem("package.href-missing", href=href)
            else:
                yield self.problem("package.href-other-case", href=href, real=other)
