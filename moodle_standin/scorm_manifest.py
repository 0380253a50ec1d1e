"""SCORM manifests as Moodle reads them: one check of the zip, then whatever it understands.

Rules from moodle.md 9.1, checked against the recorded matrix of 33 packages.
"""

from __future__ import annotations

import io
import re
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from moodle_standin.errors import MoodleError, write_error
from moodle_standin.xml_reading import refuse_entities

MAX_MANIFEST: Final = 16 * 1024 * 1024


@dataclass
class Element:
    """One element of a manifest; names and attribute names in capitals, as Moodle's parser makes them."""

    name: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""


@dataclass
class Item:
    """What becomes a row of `scorm_scoes`."""

    manifest: str
    organization: str
    identifier: str
    parent: str
    launch: str = ""
    scormtype: str = ""
    title: str = ""
    data: dict[str, str] = field(default_factory=dict)


@dataclass
class Reading:
    """What Moodle makes of a manifest: version, items in order, index of the item to start, printed
    warnings.
    """

    version: str = ""
    items: list[Item] = field(default_factory=list)
    launch: int | None = None
    printed: list[str] = field(default_factory=list)


def manifest_of(package: bytes) -> bytes:
    """Moodle's only check of a package: a readable zip with `imsmanifest.xml`, so spelled, at its root."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            info = archive.getinfo("imsmanifest.xml")
            if info.file_size > MAX_MANIFEST:
                raise MoodleError("badpackage", "The manifest is too large for the stand-in")
            return archive.read(info)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError):
        raise MoodleError(
            "badpackage", "The package is not a readable zip with imsmanifest.xml at its root"
        ) from None


def read_manifest(content: bytes) -> Reading:
    """Reads a manifest as Moodle does: what it does not understand it skips, broken XML is read up to the
    fault.
    """
    reading = Reading()
    _Reader(reading).read(_parse(content))
    _choose_launch(reading)
    for item in reading.items:
        too_long = (item.title, item.identifier, item.manifest, item.organization, item.parent)
        if any(len(text) > 255 for text in too_long):
            raise write_error("value too long for type character varying(255)")
    return reading


def _parse(content: bytes) -> list[Element]:
    content = re.sub(rb"&(?!\w{2,6};)", b"&amp;", content)
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    root = Element("", {})
    stack = [root]
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        element = Element(name.upper(), {key.upper(): value for key, value in attributes.items()})
        stack[-1].children.append(element)
        stack.append(element)

    def end(_name: str) -> None:
        stack.pop()

    def text(data: str) -> None:
        if data.strip():
            stack[-1].text += data

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = refuse_entities
    with suppress(expat.ExpatError, ValueError):
        parser.Parse(content, True)
    return root.children


class _Reader:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.resources: dict[str, dict[str, str]] = {}
        self.default = ""
        self.manifest = ""
        self.missing: list[str] = []

    def read(self, blocks: list[Element]) -> None:
        manifest = next((b for b in blocks if b.name == "MANIFEST"), None)
        if manifest is None:
            return
        self.manifest = manifest.attributes.get("IDENTIFIER", "")
        for block in manifest.children:
            if block.name == "RESOURCES":
                for resource in block.children:
                    if resource.name == "RESOURCE":
                        self.resources[resource.attributes.get("IDENTIFIER", "")] = resource.attributes
        for block in manifest.children:
            if block.name == "METADATA":
                self._version(block)
            elif block.name == "ORGANIZATIONS":
                self.default = block.attributes.get("DEFAULT", "")
                for organization in block.children:
                    if organization.name == "ORGANIZATION":
                        self._organization(organization)
        if not self.reading.items:
            self._resources_as_items()
        if self.reading.items and not self.reading.version:
            self.reading.version = "SCORM_1.2"
        if self.missing:
            self.reading.printed.append(missing_resources(self.missing))
        self._default_first()

    def _version(self, metadata: Element) -> None:
        for element in metadata.children:
            if element.name == "SCHEMAVERSION" and not self.reading.version:
                found = re.match(r"^(?:CAM )?(1\.3)$|^(1\.2)$", element.text)
                if found:
                    self.reading.version = f"SCORM_{found.group(1) or found.group(2)}"
                elif re.match(r"^2004 (3rd|4th) Edition$", element.text):
                    self.reading.version = "SCORM_1.3"
                else:
                    self.reading.version = "SCORM_1.2"

    def _organization(self, element: Element) -> None:
        identifier = element.attributes.get("IDENTIFIER", "")
        item = Item(self.manifest, "", identifier, "/")
        self.reading.items.append(item)
        self._children(element, item, identifier)

    def _children(self, element: Element, owner: Item, organization: str) -> None:
        for child in element.children:
            name = child.name
            if name == "TITLE":
                owner.title = child.text
            elif name == "ITEM":
                self._item(child, owner, organization)
            elif name == "ADLCP:PREREQUISITES":
                if child.attributes.get("TYPE") == "aicc_script":
                    owner.data["prerequisites"] = child.text
            elif name in (
                "ADLCP:MAXTIMEALLOWED",
                "ADLCP:TIMELIMITACTION",
                "ADLCP:DATAFROMLMS",
                "ADLCP:MASTERYSCORE",
            ):
                owner.data[name.removeprefix("ADLCP:").lower()] = child.text
            elif name == "ADLCP:COMPLETIONTHRESHOLD":
                owner.data["threshold"] = child.attributes.get("MINPROGRESSMEASURE", "1.0")

    def _item(self, element: Element, owner: Item, organization: str) -> None:
        attributes = element.attributes
        item = Item(self.manifest, organization, attributes.get("IDENTIFIER", ""), owner.identifier)
        item.data["isvisible"] = attributes.get("ISVISIBLE", "true")
        item.data["parameters"] = attributes.get("PARAMETERS", "")
        reference = attributes.get("IDENTIFIERREF")
        if reference is None:
            item.scormtype = "asset"
        elif reference not in self.resources:
            self.missing.append(reference)
        else:
            resource = self.resources[reference]
            item.launch = resource.get("XML:BASE", "") + resource.get("HREF", "")
            item.scormtype = resource.get("ADLCP:SCORMTYPE") or "asset"
        self.reading.items.append(item)
        self._children(element, item, organization)

    def _resources_as_items(self) -> None:
        for identifier, attributes in self.resources.items():
            if attributes.get("HREF"):
                scormtype = attributes.get("ADLCP:SCORMTYPE", "")
                self.reading.items.append(
                    Item(self.manifest, "", identifier, "/", attributes["HREF"], scormtype, identifier)
                )

    def _default_first(self) -> None:
        """Moodle starts at the default organization: the items before it are not looked at."""
        items = self.reading.items
        for place, item in enumerate(items):
            if not self.default or item.identifier == self.default:
                self.reading.launch = place
                return


def _choose_launch(reading: Reading) -> None:
    items = reading.items
    start = reading.launch
    if start is not None and items[start].launch:
        return
    for place, item in enumerate(items):
        if item.launch and place >= (start or 0):
            reading.launch = place
            return
    reading.launch = next((place for place, item in enumerate(items) if item.launch), None)


def missing_resources(identifiers: list[str]) -> str:
    """The notice that mod_scorm prints in the middle of whatever is running."""
    return (
        '<div class="alert alert-danger alert-block fade in  alert-dismissible"  role="alert" '
        'data-aria-autofocus="true">\r\n'
        "    WARNING: The following resources were referenced in your manifest but couldn't be found: "
        f"{', '.join(identifiers)}\r\n"
        '    <button type="button" class="btn-close" data-dismiss="alert">\r\n'
        '        <span aria-hidden="true">&times;</span>\r\n'
        '        <span class="sr-only">Dismiss this notification</span>\r\n'
        "    </button>\r\n</div>"
    )
