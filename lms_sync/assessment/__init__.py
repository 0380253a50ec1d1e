"""Needs assessment, the path of institutions, indicators and the reports that give account of a programme."""
