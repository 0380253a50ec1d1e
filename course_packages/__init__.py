"""Courses to packages that a learning platform plays (SCORM 1.2, SCORM 2004) or a browser opens, in several languages."""

from course_packages.player_files import lessons_ahead
from course_packages.scorm12 import ScormPackage, build_scorm12, build_target, scorm12_files
from course_packages.target_files import TargetFiles, target_files

__all__ = [
    "ScormPackage",
    "TargetFiles",
    "build_scorm12",
    "build_target",
    "lessons_ahead",
    "scorm12_files",
    "target_files",
]
