"""Questions as Moodle XML: one module for each family of types."""
