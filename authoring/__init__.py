"""Reading what trainers write: YAML, Markdown, languages, and problems with their places."""

import os

# pydantic asks every package that is installed for plugins of its own: nothing that others install shall change how files
# are read, and the asking takes longer than reading a course.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
