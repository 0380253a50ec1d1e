"""`imsmanifest.xml` of a SCORM 1.2 package with one SCO (SCORM 1.2 CAM, section 2.3; IMS CP 1.1.2).

Identifiers come from the course id alone: Moodle drops a learner's tracks when an item's identifier
changes. Nothing in it depends on the day, the machine or the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from authoring.course import Course

MANIFEST = "imsmanifest.xml"
LAUNCH_PAGE = "index.html"
SCHEMAS = ("adlcp_rootv1p2.xsd", "ims_xml.xsd", "imscp_rootv1p1p2.xsd", "imsmd_rootv1p2p1.xsd")

CONTENT_PACKAGING = "http://www.imsproject.org/xsd/imscp_rootv1p1p2"
META_DATA = "http://www.imsglobal.org/xsd/imsmd_rootv1p2p1"
ADL = "http://www.adlnet.org/xsd/adlcp_rootv1p2"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def item_identifier(course: Course) -> str:
    """The item's identifier, by which Moodle keeps learners' tracks: it never changes for a course."""
    return f"item-{course.id}"


def manifest_identifier(course: Course) -> str:
    """The package's own identifier: an XML name, which cannot begin with a digit."""
    return f"course-{course.id}"


def write_manifest(course: Course, files: Sequence[str]) -> bytes:
    """The manifest for a package that holds `files` (without the manifest and the schema files)."""
    title = course.title.in_language(course.languages.default)
    root = Element(
        "manifest",
        {
            "identifier": manifest_identifier(course),
            "version": course.version,
            # Written by hand, not through ElementTree's prefixes: Moodle finds no SCO in a manifest whose
            # root element has a prefix.
            "xmlns": CONTENT_PACKAGING,
            "xmlns:adlcp": ADL,
            "xmlns:imsmd": META_DATA,
            "xmlns:xsi": INSTANCE,
            "xsi:schemaLocation": " ".join(
                (
                    f"{CONTENT_PACKAGING} imscp_rootv1p1p2.xsd",
                    f"{META_DATA} imsmd_rootv1p2p1.xsd",
                    f"{ADL} adlcp_rootv1p2.xsd",
                )
            ),
        },
    )
    metadata = SubElement(root, "metadata")
    SubElement(metadata, "schema").text = "ADL SCORM"
    SubElement(metadata, "schemaversion").text = "1.2"
    _describe(metadata, course)
    organizations = SubElement(root, "organizations", {"default": f"organization-{course.id}"})
    organization = SubElement(organizations, "organization", {"identifier": f"organization-{course.id}"})
    SubElement(organization, "title").text = title
    item = SubElement(
        organization,
        "item",
        {
            "identifier": item_identifier(course),
            "identifierref": f"resource-{course.id}",
            "isvisible": "true",
        },
    )
    SubElement(item, "title").text = title
    if course.passing:
        SubElement(item, "adlcp:masteryscore").text = str(course.passing.score)
    resources = SubElement(root, "resources")
    resource = SubElement(
        resources,
        "resource",
        {
            "identifier": f"resource-{course.id}",
            "type": "webcontent",
            "adlcp:scormtype": "sco",
            "href": LAUNCH_PAGE,
        },
    )
    for name in sorted(files):
        SubElement(resource, "file", {"href": quote(name)})
    indent(root)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _describe(metadata: Element, course: Course) -> None:
    """Title, languages and version for platforms that show them (IMS Meta-data 1.2.1, "lom")."""
    lom = SubElement(metadata, "imsmd:lom")
    general = SubElement(lom, "imsmd:general")
    titles = SubElement(general, "imsmd:title")
    for language in course.languages.offered:
        text = SubElement(titles, "imsmd:langstring", {"xml:lang": language})
        text.text = course.title.in_language(language)
    for language in course.languages.offered:
        SubElement(general, "imsmd:language").text = language
    lifecycle = SubElement(lom, "imsmd:lifecycle")
    version = SubElement(lifecycle, "imsmd:version")
    SubElement(version, "imsmd:langstring", {"xml:lang": course.languages.default}).text = course.version
