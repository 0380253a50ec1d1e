"""Courses to packages that a learning platform plays: SCORM 1.2, one SCO, several languages."""

from course_packages.scorm12 import ScormPackage, build_scorm12, scorm12_files

__all__ = ["ScormPackage", "build_scorm12", "scorm12_files"]
