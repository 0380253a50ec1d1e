"""The HTTP side: Moodle's scripts for web services, uploads and tokens, and the stand-in's own control addresses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from moodle_standin.errors import (
    MoodleError,
    NotServedError,
    access_denied,
    invalid_parameter,
    missing_record,
)
from moodle_standin.faults import HTML_PAGE, PRINTED_WARNING, Fault
from moodle_standin.functions import registry
from moodle_standin.functions.drafts import file_in_draft, put_draft, unused_itemid
from moodle_standin.parameters import (
    BadAnswerError,
    clean_text,
    escape_xml,
    nest,
    signatures,
    split_form,
    to_json,
    to_xml,
)
from moodle_standin.records import StoredFile
from moodle_standin.site import Call, Site

JSON = "application/json"
XML = "application/xml; charset=utf-8"
HTML = "text/html; charset=utf-8"

Form = dict[str, Any]


class CutConnection(Response):
    """Closes the connection where the answer should begin."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        outermost = scope.get("standin.send", send)
        transport = getattr(getattr(outermost, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()
            return
        # Without a way to the socket: announce more than is sent, so that the server has to close it.
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


class StandInApplication(Starlette):
    """Remembers the server's own `send`, so that a fault can reach the socket below it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["standin.send"] = send
        await super().__call__(scope, receive, send)


def create_app(site: Site) -> Starlette:
    """The application for one site. All calls run in the event loop, one after the other: that is the one lock."""
    handlers = _Handlers(site)
    app = StandInApplication(
        debug=True,  # a defect of the stand-in shows its traceback to the developer who met it
        routes=[
            Route("/webservice/rest/server.php", handlers.rest, methods=["GET", "POST"]),
            Route("/webservice/upload.php", handlers.upload, methods=["GET", "POST"]),
            Route("/webservice/pluginfile.php/{path:path}", handlers.pluginfile, methods=["GET", "POST"]),
            Route("/login/token.php", handlers.token, methods=["GET", "POST"]),
            Route("/standin/log", handlers.log, methods=["GET"]),
            Route("/standin/faults", handlers.faults, methods=["POST", "GET", "DELETE"]),
            Route("/standin/clock", handlers.clock, methods=["POST", "GET"]),
            Route("/standin/settings", handlers.settings, methods=["POST"]),
            Route("/standin/capabilities", handlers.capabilities, methods=["POST"]),
            Route("/", handlers.home, methods=["GET"]),
        ],
    )
    app.state.site = site
    return app


class _Handlers:
    def __init__(self, site: Site) -> None:
        self.site = site

    # --- Moodle's scripts

    async def rest(self, request: Request) -> Response:
        site = self.site
        form = await self._form(request)
        name = form.get("wsfunction")
        return await self._with_faults(
            str(name or ""),
            form,
            lambda: _rest_answer(site, form, request.client.host if request.client else ""),
        )

    async def upload(self, request: Request) -> Response:
        site = self.site
        try:
            form, uploaded = await self._multipart(request)
        except MultiPartException as error:
            return _script_error(invalid_parameter(str(error)), "text/plain; charset=utf-8")
        content_type = "text/plain; charset=utf-8" if uploaded else "application/json; charset=utf-8"
        return await self._with_faults(
            "upload.php",
            {"moodlewsrestformat": "json"},
            lambda: _upload_answer(site, form, uploaded, content_type),
        )

    async def token(self, request: Request) -> Response:
        form = await self._form(request)
        return await self._with_faults(
            "token.php", {"moodlewsrestformat": "json"}, lambda: _token_answer(self.site, form)
        )

    async def pluginfile(self, request: Request) -> Response:
        """A stored package by the address that get_scorms_by_courses gives, with the token as a parameter."""
        site = self.site
        form = await self._form(request)
        try:
            user, _ = site.authenticate(form.get("token"), request.client.host if request.client else "")
            context, _, _ = request.path_params["path"].partition("/")
            for module in site.modules.values():
                if str(site.context_id("module", module.id)) == context and module.modname == "scorm":
                    site.require_module_access(user, module)
                    package = site.scorms[module.instance].package
                    if package is not None:
                        return Response(package.content, media_type="application/zip")
            raise missing_record("files")
        except MoodleError as error:
            return _script_error(error, "application/json; charset=utf-8")

    async def home(self, request: Request) -> Response:
        name = escape(self.site.settings.name)
        return Response(
            f"<!DOCTYPE html><title>{name}</title><p>{name}: a stand-in for Moodle 4.5, for tests and "
            "demonstrations. It has web services and no pages.</p>",
            media_type="text/html",
        )

    # --- control

    async def log(self, request: Request) -> Response:
        since = int(request.query_params.get("since", "0"))
        return PlainTextResponse(
            "".join(line + "\n" for line in self.site.log[since:]), media_type="application/x-ndjson"
        )

    async def faults(self, request: Request) -> Response:
        queue = self.site.faults
        if request.method == "DELETE":
            queue.waiting.clear()
        elif request.method == "POST":
            wanted = await request.json()
            try:
                for one in wanted if isinstance(wanted, list) else [wanted]:
                    queue.add(one)
            except (ValueError, TypeError, AttributeError) as error:
                return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"waiting": [vars(fault) for fault in queue.waiting], "struck": queue.struck})

    async def clock(self, request: Request) -> Response:
        clock = self.site.clock
        if request.method == "POST":
            wanted = await request.json()
            frozen = bool(wanted.get("frozen", clock.frozen_at is not None))
            now = int(wanted.get("now", clock.now())) + int(wanted.get("advance", 0))
            clock.set(now, frozen=frozen)
        return JSONResponse({"now": clock.now(), "frozen": clock.frozen_at is not None})

    async def settings(self, request: Request) -> Response:
        settings = self.site.settings
        wanted = await request.json()
        unknown = [name for name in wanted if not hasattr(settings, name)]
        if unknown:
            return JSONResponse({"error": f"unknown settings: {', '.join(unknown)}"}, status_code=400)
        for name, value in wanted.items():
            setattr(settings, name, value)
        return JSONResponse({name: getattr(settings, name) for name in wanted})

    async def capabilities(self, request: Request) -> Response:
        wanted = await request.json()
        user = self.site.user_by_name(str(wanted.get("username", "")))
        if user is None:
            return JSONResponse({"error": "no such user"}, status_code=400)
        held = self.site.capabilities.setdefault(user.id, set())
        held.update(wanted.get("add", []))
        held.difference_update(wanted.get("remove", []))
        return JSONResponse({"username": user.username, "capabilities": sorted(held)})

    # --- reading requests as PHP does

    async def _form(self, request: Request) -> Form:
        """Query and body parameters merged; a body above post_max_size is lost as a whole."""
        limit = self.site.settings.max_input_vars
        form = nest(split_form(request.url.query.encode("latin-1"), limit))
        if request.method != "POST" or self._too_large(request):
            return form
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            fields = await request.form(max_fields=100_000)
            pairs = [(key, value) for key, value in fields.multi_items() if isinstance(value, str)]
            return form | nest(pairs[:limit])
        return form | nest(split_form(await request.body(), limit))

    async def _multipart(self, request: Request) -> tuple[Form, list[tuple[str, bytes]]]:
        limit = self.site.settings.max_input_vars
        form = nest(split_form(request.url.query.encode("latin-1"), limit))
        uploaded: list[tuple[str, bytes]] = []
        if request.method != "POST" or self._too_large(request):
            return form, uploaded
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            return form | nest(split_form(await request.body(), limit)), uploaded
        async with request.form(max_fields=100_000, max_part_size=64 * 1024 * 1024) as fields:
            for key, value in fields.multi_items():
                if isinstance(value, str):
                    form |= nest([(key, value)])
                else:
                    uploaded.append((value.filename or "", await value.read()))
        return form, uploaded

    def _too_large(self, request: Request) -> bool:
        length = request.headers.get("content-length", "")
        return length.isdigit() and int(length) > self.site.settings.post_max_size

    # --- faults

    async def _with_faults(self, name: str, form: Form, work: Callable[[], Response]) -> Response:
        fault = self.site.faults.take(name)
        if fault is None:
            return work()
        answer = _instead_of_work(fault, form)
        if answer is not None:
            return answer
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return work()
        answer = work()
        body = bytes(answer.body)
        if fault.kind == "truncate":
            return Response(body[: len(body) // 2], answer.status_code, media_type=answer.media_type)
        if fault.kind == "print_before_json":
            return Response(PRINTED_WARNING.encode() + body, answer.status_code, media_type=JSON)
        await asyncio.sleep(fault.seconds)
        return CutConnection()


def _instead_of_work(fault: Fault, form: Form) -> Response | None:
    """The answers of faults that strike before anything is done."""
    errors = {
        "maintenance": _maintenance_error(),
        "upgraderunning": MoodleError("upgraderunning", "Site is being upgraded, please retry later."),
        "invalidtoken": MoodleError("invalidtoken", "Invalid token - token not found"),
        "accessexception": access_denied("queued fault"),
    }
    if fault.kind in errors:
        return _error_answer(errors[fault.kind], form, debug=False)
    if fault.kind == "html":
        return Response(HTML_PAGE, media_type="text/html")
    if fault.kind == "503":
        return maintenance_page("Stand-in Moodle")
    if fault.kind == "empty403":
        return Response(b"", 403, media_type="text/html")
    if fault.kind == "xml":
        return _error_answer(errors["invalidtoken"], {}, debug=False)
    if fault.kind == "null":
        return _json_response(None)
    if fault.kind == "cut_before_work":
        return CutConnection()
    return None


# --- the REST script


def _rest_answer(site: Site, form: Form, ip: str) -> Response:
    settings = site.settings
    if settings.maintenance == "cli":
        return maintenance_page(settings.name)
    if not settings.webservices_enabled or not settings.rest_enabled:
        return Response(b"", 403, media_type="text/html")
    form = dict(form)
    asked = {"moodlewsrestformat": form.pop("moodlewsrestformat", None)}
    printed: list[str] = []
    try:
        if settings.upgrade_running:
            raise MoodleError("upgraderunning", "Site is being upgraded, please retry later.")
        for name in (
            "moodlewssettingraw",
            "moodlewssettingfilter",
            "moodlewssettingfileurl",
            "moodlewssettinglang",
        ):
            form.pop(name, None)
        token = form.pop("wstoken", None)
        function = form.pop("wsfunction", None)
        user, found = site.authenticate(token if isinstance(token, str) else None, ip)
        if settings.maintenance == "ui" and not site.has_capability(user, "moodle/site:maintenanceaccess"):
            raise _maintenance_error()
        service = site.services[found.service]
        if not service.enabled:
            raise access_denied("The service of the token is disabled")
        if not function or not isinstance(function, str):
            raise invalid_parameter("Missing function name")
        registry.find(function)
        if function not in service.functions:
            raise access_denied(f"Access to the function {function}() is not allowed.")
        call = Call(site, user, found, function, ip, printed)
        answer = registry.run(call, form)
    except MoodleError as error:
        return _error_answer(error, asked, debug=settings.debug, printed="".join(printed))
    except NotServedError as error:
        return JSONResponse(
            {"exception": "standin", "errorcode": "notserved", "message": str(error)}, status_code=501
        )
    except BadAnswerError as error:
        defect = {"exception": "standin", "errorcode": "defect", "message": f"{form}: {error}"}
        return JSONResponse(defect, status_code=500)
    if asked["moodlewsrestformat"] != "json":
        return Response("".join(printed) + to_xml(answer, signatures()[function]["returns"]), media_type=XML)
    return _json_response(answer, "".join(printed))


def _json_response(answer: Any, printed: str = "") -> Response:
    return Response(printed + to_json(answer), media_type=JSON)


def _error_answer(error: MoodleError, form: Form, *, debug: bool, printed: str = "") -> Response:
    shown = error.debuginfo if debug else None
    if form.get("moodlewsrestformat") == "json":
        row = {"exception": error.exception, "errorcode": error.errorcode, "message": error.message}
        if shown is not None:
            row["debuginfo"] = shown
        return Response(printed + to_json(row), media_type=JSON)
    lines = [
        '<?xml version="1.0" encoding="UTF-8" ?>',
        f'<EXCEPTION class="{error.exception}">',
        f"<ERRORCODE>{escape_xml(error.errorcode)}</ERRORCODE>",
        f"<MESSAGE>{escape_xml(error.message)}</MESSAGE>",
        *([f"<DEBUGINFO>{escape_xml(shown)}</DEBUGINFO>"] if shown is not None else []),
        "</EXCEPTION>",
        "",
    ]
    return Response(printed + "\n".join(lines), media_type=XML)


def _maintenance_error() -> MoodleError:
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


def _script_error(error: MoodleError, content_type: str) -> Response:
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


def _upload_answer(site: Site, form: Form, uploaded: list[tuple[str, bytes]], content_type: str) -> Response:
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
            raise _maintenance_error()
        service = site.services[token.service]
        if not service.enabled or not service.uploadfiles:
            raise access_denied("Web service file upload must be enabled in external service settings")
    except MoodleError as error:
        return _script_error(error, content_type)
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


def _token_answer(site: Site, form: Form) -> Response:
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
        # An account of another login method is checked by that method; its server is not here, its password is.
        if user is None or user.suspended or not user.password or user.password != form["password"]:
            raise MoodleError("invalidlogin", "Invalid login, please try again")
        if settings.maintenance == "ui" and not site.has_capability(user, "moodle/site:maintenanceaccess"):
            raise _maintenance_error()
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
        return _script_error(error, content_type)
    token = site.issue_token(user, service.shortname)
    return Response(
        json.dumps({"token": token.token, "privatetoken": None}), headers={"content-type": content_type}
    )
