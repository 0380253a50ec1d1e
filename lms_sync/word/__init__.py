"""A lesson from a Word document: what comes over, and what does not, with its place."""
