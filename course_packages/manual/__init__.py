"""A course as a manual on paper: title page, contents, lessons, answers, laws, glossary, index; a tagged PDF."""

from course_packages.manual.make import Front, PartnerLogo, manual_pdf

__all__ = ["Front", "PartnerLogo", "manual_pdf"]
