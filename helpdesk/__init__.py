"""The help desk of a programme: a static, searchable site made from questions and answers in Markdown."""
