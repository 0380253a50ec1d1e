"""The help desk of a programme: a static, searchable site made from questions and answers in Markdown.

Reads the files that officers write and builds pages; it knows neither network nor database.
"""

from helpdesk.desk import Answer, HelpDesk, News, Topic
from helpdesk.read_desk import read_helpdesk

__all__ = ["Answer", "HelpDesk", "News", "Topic", "read_helpdesk"]
