"""The web service functions that are served, one module for each component of Moodle."""
