"""The help desk of a programme: a static, searchable site made from questions and answers in Markdown.

Reads the files that officers write and builds pages; it knows neither network nor database.
"""

from helpdesk.desk import Answer, HelpDesk, HelpDeskFile, News, Topic
from helpdesk.read_desk import read_helpdesk, read_helpdesk_file
from helpdesk.site import Site, build_site

__all__ = [
    "Answer",
    "HelpDesk",
    "HelpDeskFile",
    "News",
    "Site",
    "Topic",
    "build_site",
    "read_helpdesk",
    "read_helpdesk_file",
]
