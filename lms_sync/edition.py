"""The edition of SCORM in which Moodle plays a package. Pure.

Moodle goes by the word in the manifest's `schemaversion` alone (mod_scorm, scorm_get_manifest): what it does not know, it
plays as 1.2. Of what learners did in one edition it gives the other little or nothing, so that a change of it is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SCORM_12 = "SCORM 1.2"
SCORM_2004 = "SCORM 2004"

OF_TARGET: Mapping[str, str] = {"scorm12": SCORM_12, "scorm2004": SCORM_2004}
"""By the kind of a target of `course.yaml`."""

_TOLD: Mapping[str, str] = {"SCORM_1.2": SCORM_12, "SCORM_1.3": SCORM_2004}
_NEWER = re.compile(r"(CAM )?1\.3|2004 (3rd|4th) Edition")


def edition_told(version: str) -> str:
    """The edition that a site names by `version` (SCORM_1.2, SCORM_1.3); what is neither stays as it is."""
    return _TOLD.get(version, version)


def edition_of_manifest(schemaversion: str) -> str:
    """In which edition Moodle will play a manifest with this word; empty where it cannot be known for sure."""
    if not schemaversion or schemaversion != schemaversion.strip():
        return ""
    return SCORM_2004 if _NEWER.fullmatch(schemaversion) else SCORM_12
