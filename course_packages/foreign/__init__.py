"""Packages that others have made: opened without trusting them, judged, and told what is risky in them."""

from course_packages.foreign.inspection import FoundSco, Inspection, TypeSize, inspect_package, is_refusal
from course_packages.foreign.risks import Risk

__all__ = ["FoundSco", "Inspection", "Risk", "TypeSize", "inspect_package", "is_refusal"]
