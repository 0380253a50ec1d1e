"""mod_forum: discussions and posts, as a learner writes them and as somebody who manages the forum reads them."""

from __future__ import annotations

from typing import Any, Final

from moodle_standin.errors import MoodleError, missing_record
from moodle_standin.formatting import name_in_answer
from moodle_standin.functions.ratings import no_ratings
from moodle_standin.functions.registry import serves
from moodle_standin.records import CourseModule, Discussion, ForumPost
from moodle_standin.site import Call

_KEYS: Final = {
    1: (lambda one: -one.posts[-1].created),
    2: (lambda one: one.posts[-1].created),
    3: (lambda one: -one.posts[0].created),
    4: (lambda one: one.posts[0].created),
}
_NOTHING: Final = dict.fromkeys(
    (
        "assessed",
        "assesstimestart",
        "assesstimefinish",
        "scale",
        "grade_forum",
        "grade_forum_notify",
        "maxbytes",
        "rsstype",
        "rssarticles",
        "timemodified",
        "warnafter",
        "blockafter",
        "blockperiod",
        "completiondiscussions",
        "completionreplies",
        "completionposts",
    ),
    0,
)

_WRITTEN: Final = [
    {"type": "success", "message": "Your post was successfully added."},
    {"type": "success", "message": "You have 30 mins to edit it if you want to make any changes."},
]


def _type(call: Call, instance: int) -> str:
    simple = call.site.simple.get(("forum", instance))
    return str(simple.settings.get("type", "general")) if simple else "news"


def _enter(call: Call, module: CourseModule) -> None:
    call.site.require_module_access(call.user, module)


def _name(call: Call, user_id: int) -> str:
    user = call.site.users[user_id]
    return f"{user.firstname} {user.lastname}"


def _picture(call: Call) -> str:
    return f"{call.site.settings.url}/theme/image.php/boost/core/1/u/f2"


@serves("mod_forum_get_forums_by_courses")
def get_forums_by_courses(call: Call, params: dict[str, Any]) -> Any:
    """The forums of courses; one that the account may not read is left out without a word. No idnumber."""
    rows = []
    for course_id in params["courseids"]:
        call.site.require_course_access(call.user, course_id)
        for module in call.site.modules_in(course_id):
            if module.modname != "forum" or not call.can("mod/forum:viewdiscussion", course_id):
                continue
            simple = call.site.simple.get(("forum", module.instance))
            rows.append(
                {
                    **_NOTHING,
                    "id": module.instance,
                    "course": course_id,
                    "type": _type(call, module.instance),
                    "name": name_in_answer(call, call.site.module_name(module)),
                    "intro": simple.intro if simple else "",
                    "introformat": 1,
                    "introfiles": [],
                    "lang": "",
                    "duedate": 0,
                    "cutoffdate": 0,
                    "numdiscussions": sum(
                        one.forum == module.instance for one in call.site.discussions.values()
                    ),
                    "cancreatediscussions": call.can("mod/forum:startdiscussion", course_id)
                    and _type(call, module.instance) != "news",
                    "lockdiscussionafter": 0,
                    "istracked": False,
                    "maxattachments": 1,
                    "forcesubscribe": 0,
                    "trackingtype": 1,
                    "cmid": module.id,
                }
            )
    return rows


@serves("mod_forum_get_forum_discussions")
def get_forum_discussions(call: Call, params: dict[str, Any]) -> Any:
    """A page of discussions, each with its first post; `usermodified` wrote last."""
    site = call.site
    module = site.module_of("forum", params["forumid"])
    _enter(call, module)
    call.require("mod/forum:viewdiscussion", module.course)
    found = [one for one in site.discussions.values() if one.forum == params["forumid"]]
    found.sort(key=_KEYS.get(params["sortorder"], _KEYS[1]))
    if params["perpage"]:
        start = max(params["page"], 0) * params["perpage"]
        found = found[start : start + params["perpage"]]
    return {"discussions": [_discussion(call, module, one) for one in found], "warnings": []}


def _discussion(call: Call, module: CourseModule, one: Discussion) -> dict[str, Any]:
    first, last = one.posts[0], one.posts[-1]
    return {
        "id": first.id,
        "name": one.name,
        "groupid": -1,
        "timemodified": last.created,
        "usermodified": last.userid,
        "timestart": 0,
        "timeend": 0,
        "discussion": one.id,
        "parent": 0,
        "userid": one.userid,
        "created": first.created,
        "modified": first.created,
        "mailed": 0,
        "subject": first.subject,
        "message": first.message,
        "messageformat": 1,
        "messagetrust": 0,
        "attachment": False,
        "totalscore": 0,
        "mailnow": 0,
        "userfullname": _name(call, one.userid),
        "usermodifiedfullname": _name(call, last.userid),
        "userpictureurl": _picture(call),
        "usermodifiedpictureurl": _picture(call),
        "numreplies": len(one.posts) - 1,
        "numunread": 0,
        "pinned": False,
        "locked": bool(one.timelocked and one.timelocked <= call.site.now()),
        "starred": False,
        "canreply": call.can("mod/forum:replypost", module.course),
        "canlock": call.can("moodle/course:manageactivities", module.course),
        "canfavourite": True,
    }


@serves("mod_forum_get_discussion_posts")
def get_discussion_posts(call: Call, params: dict[str, Any]) -> Any:
    """The posts that the caller may see: in a question-and-answer forum those of others only after an own one."""
    site = call.site
    one = site.discussions.get(params["discussionid"])
    if one is None:
        raise missing_record("forum_discussions")
    module = site.module_of("forum", one.forum)
    _enter(call, module)
    call.require("mod/forum:viewdiscussion", one.course)
    posts = list(one.posts)
    hides = _type(call, one.forum) == "qanda" and not call.can(
        "mod/forum:viewqandawithoutposting", one.course
    )
    if hides and all(post.userid != call.user.id for post in posts):
        posts = posts[:1]
    posts.sort(key=lambda post: (post.created, post.id), reverse=params["sortdirection"].upper() == "DESC")
    return {
        "posts": [_post(call, post) for post in posts],
        "forumid": one.forum,
        "courseid": one.course,
        "ratinginfo": no_ratings(site, module, "post"),
        "warnings": [],
    }


def _post(call: Call, post: ForumPost) -> dict[str, Any]:
    own = post.userid == call.user.id
    return {
        "id": post.id,
        "subject": post.subject,
        "replysubject": f"Re: {post.subject}",
        "message": post.message,
        "messageformat": 1,
        "author": {
            "id": post.userid,
            "fullname": _name(call, post.userid),
            "isdeleted": False,
            "groups": [],
            "urls": {
                "profile": f"{call.site.settings.url}/user/view.php?id={post.userid}",
                "profileimage": _picture(call),
            },
        },
        "discussionid": post.discussion,
        "hasparent": bool(post.parent),
        "parentid": post.parent or None,
        "timecreated": post.created,
        "timemodified": post.created,
        "unread": None,
        "isdeleted": False,
        "isprivatereply": False,
        "haswordcount": False,
        "wordcount": None,
        "charcount": None,
        "capabilities": {
            "view": True,
            "edit": own,
            "delete": own,
            "split": False,
            "reply": True,
            "selfenrol": False,
            "export": False,
            "controlreadstatus": False,
            "canreplyprivately": False,
        },
        "urls": _urls(call, post, own=own),
        "attachments": [],
        "messageinlinefiles": [],
        "tags": [],
        "html": {"rating": None, "taglist": None, "authorsubheading": f"by {_name(call, post.userid)}"},
    }


def _urls(call: Call, post: ForumPost, *, own: bool) -> dict[str, str | None]:
    here = f"{call.site.settings.url}/mod/forum"
    discussion = f"{here}/discuss.php?d={post.discussion}"
    return {
        "view": f"{discussion}#p{post.id}",
        "viewisolated": f"{discussion}&parent={post.id}",
        "viewparent": f"{discussion}#p{post.parent}" if post.parent else None,
        "edit": f"{here}/post.php?edit={post.id}" if own else None,
        "delete": f"{here}/post.php?delete={post.id}" if own else None,
        "split": None,
        "reply": f"{here}/post.php?reply={post.id}#mformforum",
        "export": None,
        "markasread": None,
        "markasunread": None,
        "discuss": discussion,
    }


@serves("mod_forum_add_discussion")
def add_discussion(call: Call, params: dict[str, Any]) -> Any:
    """A question."""
    site = call.site
    module = site.module_of("forum", params["forumid"])
    _enter(call, module)
    # In a forum of questions and answers only teachers ask.
    asks = _type(call, params["forumid"]) == "qanda"
    needed = "mod/forum:addquestion" if asks else "mod/forum:startdiscussion"
    if not call.can(needed, module.course):
        raise MoodleError("cannotcreatediscussion", "Could not create new discussion")
    number = site.next_id("forum_discussions")
    one = Discussion(number, module.course, params["forumid"], params["subject"], call.user.id)
    site.discussions[number] = one
    _add(call, one, 0, params)
    return {"discussionid": number, "warnings": []}


@serves("mod_forum_add_discussion_post")
def add_discussion_post(call: Call, params: dict[str, Any]) -> Any:
    """A reply."""
    for one in call.site.discussions.values():
        if any(post.id == params["postid"] for post in one.posts):
            _enter(call, call.site.module_of("forum", one.forum))
            if not call.can("mod/forum:replypost", one.course):
                raise MoodleError("nopostforum", "Sorry, you are not allowed to post to this forum")
            post = _add(call, one, params["postid"], params)
            return {"postid": post.id, "warnings": [], "post": _post(call, post), "messages": _WRITTEN}
    raise MoodleError("invalidparentpostid", "Parent post ID was incorrect")


def _add(call: Call, one: Discussion, parent: int, params: dict[str, Any]) -> ForumPost:
    post = ForumPost(
        call.site.next_id("forum_posts"),
        one.id,
        parent,
        call.user.id,
        params["subject"],
        params["message"],
        call.site.now(),
    )
    one.posts.append(post)
    call.record("forum_post", "create", id=post.id, discussion=one.id)
    return post
