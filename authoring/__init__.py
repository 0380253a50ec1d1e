"""Reading what trainers write: YAML, Markdown, languages, and problems with their places."""
