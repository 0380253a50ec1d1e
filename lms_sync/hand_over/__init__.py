"""The hand-over kit: files and a page that says where each goes, for a Moodle without the companion plugin."""

from lms_sync.hand_over.kit import write_kits

__all__ = ["write_kits"]
