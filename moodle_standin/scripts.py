"""Moodle's scripts as functions of a parsed form: web services, uploads, tokens, and how each reports
errors.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from html import escape
from typing import Any

from starlette.responses import JSONResponse, Response

from moodle_standin.answers import BadAnswerError, escape_xml, to_json, to_xml
from moodle_standin.declared_functions import signatures
from moodle_standin.errors import MoodleError, NotServedError, access_denied, invalid_parameter
from moodle_standin.functions import registry
from moodle_standin.functions.drafts import file_in_draft, put_draft, unused_itemid
from moodle_standin.parameters import clean_text
from moodle_standin.records import StoredFile
from moodle_standin.site import Call, Site

JSON = "application/json"
XML = "application/xml; charset=utf-8"

Form = dict[str, Any]


# --- the REST script


def rest_steps(site: Site, form: Form, ip: str) -> Generator[None, None, Response]:
    """webservice/rest/server.php: authenticates, checks, runs one function and writes its answer or
    exception. It yields where the function has checked and not yet stored, if it has such a place.
    """
    settings = site.settings
    if settings.maintenance == "cli":
        return maintenance_page(settings.name)
    if not settings.webservices_enabled or not settings.rest_enabled:
        return Response(b"", 403, media_type="text/html")
    form = dict(form)
    asked = {"moodlewsrestformat": form.pop("moodlewsrestformat", None)}
    try:
        if settings.upgrade_running:
            raise MoodleError("upgraderunning", "Site is being upgraded, please retry later.")
        settings_asked = {
            name: form.pop(f"moodlewssetting{name}", "")
            for name in ("raw", "filter", "fileurl", "lang", "timezone")
        }
        token = form.pop("wstoken", None)
        function = form.pop("wsfunction", None)
        user, found = site.authenticate(token if isinstance(token, str) else None, ip)
        if settings.maintenance == "ui" and not site.has_capability(user, "moodle/site:maintenanceaccess"):
            raise maintenance_error()
        service = site.services[found.service]
        if not service.enabled:
            raise access_denied("The service of the token is disabled")
        if not function or not isinstance(function, str):
            raise invalid_parameter("Missing function name")
        registry.find(function)
        if service.restricted and not site.has_capability(user, "webservice/rest:use"):
            raise access_denied(
                "You are not allowed to use the rest protocol (missing capability: webservice/rest:use)"
            )
        if function not in service.functions:
            raise access_denied(f"Access to the function {function}() is not allowed.")
        call = Call(
            site,
            user,
            found,
            function,
            ip,
            raw=_is_on(settings_asked["raw"]),
            filter=_is_on(settings_asked["filter"]),
            lang=str(settings_asked["lang"]),
        )
        answer = yield from registry.steps(call, form)
    except MoodleError as error:
        return error_answer(error, asked, debug=settings.debug)
    except NotServedError as error:
        return JSONResponse(
            {"exception": "standin", "errorcode": "notserved", "message": str(error)}, status_code=501
        )
    except BadAnswerError as error:
        defect = {"exception": "standin", "errorcode": "defect", "message": f"{form}: {error}"}
        return JSONResponse(defect, status_code=500)
    if asked["moodlewsrestformat"] != "json":
        return Response(to_xml(answer, signatures()[function]["returns"]), media_type=XML)
    return json_response(answer)


def _is_on(value: object) -> bool:
    """PHP's PARAM_BOOL of an optional parameter."""
    return str(value).lower() not in ("", "0", "off", "no", "false")


def json_response(answer: Any) -> Response:
    """An answer as JSON in the manner of PHP."""
    return Response(to_json(answer), media_type=JSON)


def error_answer(error: MoodleError, form: Form, *, debug: bool) -> Response:
    """An exception as JSON, or as XML when no JSON was asked for; the reason only when debugging is on."""
    shown = error.debuginfo if debug else None
    if form.get("moodlewsrestformat") == "json":
        row = {"exception": error.exception, "errorcode": error.errorcode, "message": error.message}
        if shown is not None:
            row["debuginfo"] = shown
        return Response(to_json(row), media_type=JSON)
    lines = [
        '<?xml version="1.0" encoding="UTF-8" ?>',
        f'<EXCEPTION class="{error.exception}">',
        f"<ERRORCODE>{escape_xml(error.errorcode)}</ERRORCODE>",
        f"<MESSAGE>{escape_xml(error.message)}</MESSAGE>",
        *([f"<DEBUGINFO>{escape_xml(shown)}</DEBUGINFO>"] if shown is not None else []),
        "</EXCEPTION>",
        "",
    ]
    return Response("\n".join(lines), media_type=XML)


def maintenance_error() -> MoodleError:
    """What callers without a special right are told while the site is in maintenance."""
    return MoodleError("sitemaintenance", "The site is undergoing maintenance and is currently not available")


def maintenance_page(name: str) -> Response:
    """What Moodle shows while it is in maintenance from the command line: no JSON, status 503."""
    title = f"{escape(name)} under maintenance"
    page = (
        '<!DOCTYPE html>\r\n<html  lang="en" xml:lang="en">\r\n    <head>\r\n        <meta http-equiv="Content-Type" '
        f'content="text/html; charset=utf-8" />\r\n        <title>{title}</title>\r\n    </head>\r\n    <body>\r\n'
        f"        <div id=\"page\"><h1>{title}</h1><div class='alert-danger'>The site is undergoing maintenance and "
        "is currently not available</div></div>\r\n    </body>\r\n</html>\r\n"
    )
    return Response(page, 503, media_type="text/html")


# --- the other scripts


def script_error(error: MoodleError, content_type: str) -> Response:
    """How Moodle's AJAX scripts report an exception: key `error`, not `exception`."""
    row = {
        "error": error.message,
        "errorcode": error.errorcode,
        "stacktrace": None,
        "debuginfo": None,
        "reproductionlink": None,
    }
    return Response(to_json(row), headers={"content-type": content_type})


def _missing(name: str) -> MoodleError:
    return MoodleError("missingparam", f"A required parameter ({name}) was missing")


def upload_answer(site: Site, form: Form, uploaded: list[tuple[str, bytes]], content_type: str) -> Response:
    """webservice/upload.php: puts files into a draft area of the token's user, one element of the answer a
    file.
    """
    settings = site.settings
    if settings.maintenance == "cli":
        return maintenance_page(settings.name)
    try:
        if settings.upgrade_running:
            raise MoodleError("upgraderunning", "Site is being upgraded, please retry later.")
        if "token" not in form:
            raise _missing("token")
        user, token = site.authenticate(str(form["token"]), "")
        if settings.maintenance == "ui" and not site.has_capability(user, "moodle/site:maintenanceaccess"):
            raise maintenance_error()
        service = site.services[token.service]
        if not service.enabled or not service.uploadfiles:
            raise access_denied("Web service file upload must be enabled in external service settings")
    except MoodleError as error:
        return script_error(error, content_type)
    call = Call(site, user, token, "upload.php")
    text = str(form.get("itemid", "0"))
    itemid = int(text) if text.isdigit() else 0
    path = str(form.get("filepath", "/")) or "/"
    path = path if path.endswith("/") else path + "/"
    itemid = itemid if itemid > 0 else unused_itemid(call)
    rows: list[dict[str, Any]] = []
    for raw_name, content in uploaded:
        name = clean_text(raw_name).replace("/", "").replace("\\", "")
        if len(content) > settings.upload_max_filesize:
            rows.append(
                {
                    "filename": name,
                    "errortype": "fileoversized",
                    "error": "Uploaded file exceeded the maximum size limit",
                }
            )
        elif file_in_draft(call, itemid, path, name):
            rows.append(
                {
                    "filename": name,
                    "filepath": path,
                    "size": len(content),
                    "errortype": "filenameexist",
                    "error": f"File name already exists: {name}",
                }
            )
        else:
            put_draft(call, itemid, StoredFile(name, content, path, user.fullname, site.now()))
            rows.append(
                {
                    "component": "user",
                    "contextid": site.context_id("user", user.id),
                    "userid": str(user.id),
                    "filearea": "draft",
                    "filename": name,
                    "filepath": path,
                    "itemid": itemid,
                    "license": "unknown",
                    "author": user.fullname,
                    "source": f'O:8:"stdClass":1:{{s:6:"source";s:{len(name.encode())}:"{name}";}}',
                    "filesize": len(content),
                }
            )
    return Response(to_json(rows), headers={"content-type": content_type})


def token_answer(site: Site, form: Form) -> Response:
    """login/token.php: the token of a learner for the service of the mobile app."""
    content_type = "application/json; charset=utf-8"
    settings = site.settings
    if settings.maintenance == "cli":
        return maintenance_page(settings.name)
    try:
        if not settings.webservices_enabled:
            raise MoodleError("enablewsdescription", "Web services must be enabled")
        for name in ("username", "password", "service"):
            if name not in form:
                raise _missing(name)
        user = site.user_by_name(str(form["username"]).strip().lower())
        # An account of another login method is checked by that method; its server is not here, its password
        # is.
        if user is None or user.suspended or not user.password or user.password != form["password"]:
            raise MoodleError("invalidlogin", "Invalid login, please try again")
        if settings.maintenance == "ui" and not site.has_capability(user, "moodle/site:maintenanceaccess"):
            raise maintenance_error()
        if not user.confirmed:
            raise MoodleError("usernotconfirmed", f"Could not confirm {user.username}")
        service = site.services.get(str(form["service"]))
        if service is None or not service.enabled:
            raise MoodleError(
                "servicenotavailable",
                "Web service is not available. (It doesn't exist or might be disabled.)",
            )
        if service.restricted:
            raise MoodleError(
                "cannotcreatetoken",
                f"You do not have permission to create a token for the service {service.shortname}",
            )
    except MoodleError as error:
        return script_error(error, content_type)
    token = site.issue_token(user, service.shortname)
    return Response(
        json.dumps({"token": token.token, "privatetoken": None}), headers={"content-type": content_type}
    )
