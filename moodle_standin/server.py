"""The HTTP side: addresses, PHP's limits on requests, faults, and the stand-in's own control addresses."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Generator
from copy import deepcopy
from html import escape

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from moodle_standin import taken_back
from moodle_standin.errors import MoodleError, access_denied, invalid_parameter, missing_record
from moodle_standin.faults import HTML_PAGE, PRINTED_WARNING, Fault
from moodle_standin.functions.registry import checks_before_it_stores, finish
from moodle_standin.moodle_xml import Draft
from moodle_standin.parameters import nest, split_form
from moodle_standin.question_bank import find_category, store_question
from moodle_standin.records import Answer, Service
from moodle_standin.scripts import (
    JSON,
    Form,
    error_answer,
    json_response,
    maintenance_error,
    maintenance_page,
    rest_steps,
    script_error,
    token_answer,
    upload_answer,
)
from moodle_standin.site import Site

HTML = "text/html; charset=utf-8"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Work = Generator[None, None, Response]


def at_once(work: Callable[[], Response]) -> Work:
    """Work without a place to stop at."""
    yield from ()
    return work()


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
    """Remembers the server's own `send`, so that a fault can reach the socket below it, and keeps web pages
    away from the control addresses, which give tokens to whoever asks.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["standin.send"] = send
        if scope["type"] == "http" and scope["path"].startswith("/standin/") and _from_a_page(scope):
            refusal = PlainTextResponse("For programs on this machine only.\n", 403)
            await refusal(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


def _from_a_page(scope: Scope) -> bool:
    """Whether a browser sends this for a page from elsewhere: browsers name the page's origin, and a name that
    was made to lead to this machine (DNS rebinding) stands in Host.
    """
    headers = Headers(scope=scope)
    host = re.sub(r":[0-9]+$", "", headers.get("host", ""))
    fetched_for = headers.get("sec-fetch-site", "none")
    return "origin" in headers or fetched_for != "none" or host not in _LOOPBACK


def create_app(site: Site) -> Starlette:
    """The application for one site. All calls run in the event loop, one after the other: that is the one
    lock.
    """
    handlers = _Handlers(site)
    app = StandInApplication(
        routes=[
            Route("/webservice/rest/server.php", handlers.rest, methods=["GET", "POST"]),
            Route("/webservice/upload.php", handlers.upload, methods=["GET", "POST"]),
            Route("/webservice/pluginfile.php/{path:path}", handlers.pluginfile, methods=["GET", "POST"]),
            Route("/login/token.php", handlers.token, methods=["GET", "POST"]),
            Route("/standin/log", handlers.log, methods=["GET"]),
            Route("/standin/faults", handlers.faults, methods=["POST", "GET", "DELETE"]),
            Route("/standin/working", handlers.unfinished, methods=["GET"]),
            Route("/standin/keep", handlers.keep, methods=["POST"]),
            Route("/standin/back", handlers.back, methods=["POST"]),
            Route("/standin/clock", handlers.clock, methods=["POST", "GET"]),
            Route("/standin/settings", handlers.settings, methods=["POST"]),
            Route("/standin/capabilities", handlers.capabilities, methods=["POST"]),
            Route("/standin/tokens", handlers.tokens, methods=["POST"]),
            Route("/standin/services", handlers.services, methods=["POST"]),
            Route("/standin/questions", handlers.questions, methods=["POST"]),
            Route("/standin/accounts", handlers.accounts, methods=["POST"]),
            Route("/standin/take-back", handlers.take_back, methods=["POST"]),
            Route("/standin/forget", handlers.forget, methods=["POST"]),
            Route("/", handlers.home, methods=["GET"]),
        ],
    )
    app.state.site = site
    handlers.app = app
    return app


class _Handlers:
    def __init__(self, site: Site) -> None:
        self.site = site
        self.app: Starlette | None = None
        self.kept: dict[str, Site] = {}
        self.working = 0
        self.unattended: set[asyncio.Future[Response]] = set()

    # --- Moodle's scripts

    async def rest(self, request: Request) -> Response:
        """webservice/rest/server.php."""
        site = self.site
        form = await self._form(request)
        name = form.get("wsfunction")
        ip = request.client.host if request.client else ""
        return await self._with_faults(str(name or ""), form, lambda: rest_steps(site, form, ip))

    async def upload(self, request: Request) -> Response:
        """webservice/upload.php."""
        site = self.site
        try:
            form, uploaded = await self._multipart(request)
        except MultiPartException as error:
            return script_error(invalid_parameter(str(error)), "text/plain; charset=utf-8")
        content_type = "text/plain; charset=utf-8" if uploaded else "application/json; charset=utf-8"
        return await self._with_faults(
            "upload.php",
            {"moodlewsrestformat": "json"},
            lambda: at_once(lambda: upload_answer(site, form, uploaded, content_type)),
        )

    async def token(self, request: Request) -> Response:
        """login/token.php."""
        form = await self._form(request)
        return await self._with_faults(
            "token.php",
            {"moodlewsrestformat": "json"},
            lambda: at_once(lambda: token_answer(self.site, form)),
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
            return script_error(error, "application/json; charset=utf-8")

    async def home(self, request: Request) -> Response:
        """Says what this is to somebody with a browser."""
        name = escape(self.site.settings.name)
        return Response(
            f"<!DOCTYPE html><title>{name}</title><p>{name}: a stand-in for Moodle 4.5, for tests and "
            "demonstrations. It has web services and no pages.</p>",
            media_type="text/html",
        )

    # --- control

    async def log(self, request: Request) -> Response:
        """GET: the log from line `since` on, one JSON object a line."""
        since = int(request.query_params.get("since", "0"))
        return PlainTextResponse(
            "".join(line + "\n" for line in self.site.log[since:]), media_type="application/x-ndjson"
        )

    async def faults(self, request: Request) -> Response:
        """GET shows, POST queues, DELETE forgets."""
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

    async def unfinished(self, request: Request) -> Response:
        """GET says how many late requests are still worked on."""
        return JSONResponse({"working": self.working})

    async def keep(self, request: Request) -> Response:
        """POST keeps the site as it is now under a name."""
        name = str((await request.json()).get("name", ""))
        self.kept[name] = deepcopy(self.site)
        return JSONResponse({"kept": name})

    async def back(self, request: Request) -> Response:
        """POST brings back a site that was kept; a request that is still worked on changes the one it began on."""
        name = str((await request.json()).get("name", ""))
        if name not in self.kept:
            return JSONResponse({"error": f"no site was kept as {name!r}"}, status_code=400)
        self.site = deepcopy(self.kept[name])
        if self.app is not None:
            self.app.state.site = self.site
        return JSONResponse({"back": name})

    async def clock(self, request: Request) -> Response:
        """GET shows, POST sets or moves the clock."""
        clock = self.site.clock
        if request.method == "POST":
            wanted = await request.json()
            frozen = bool(wanted.get("frozen", clock.frozen_at is not None))
            now = int(wanted.get("now", clock.now())) + int(wanted.get("advance", 0))
            clock.set(now, frozen=frozen)
        return JSONResponse({"now": clock.now(), "frozen": clock.frozen_at is not None})

    async def settings(self, request: Request) -> Response:
        """POST changes the site's switches by the names of `site.Settings`."""
        settings = self.site.settings
        wanted = await request.json()
        unknown = [name for name in wanted if not hasattr(settings, name)]
        if unknown:
            return JSONResponse({"error": f"unknown settings: {', '.join(unknown)}"}, status_code=400)
        for name, value in wanted.items():
            setattr(settings, name, value)
        return JSONResponse({name: getattr(settings, name) for name in wanted})

    async def capabilities(self, request: Request) -> Response:
        """POST gives capabilities to an account or takes them away."""
        wanted = await request.json()
        user = self.site.user_by_name(str(wanted.get("username", "")))
        if user is None:
            return JSONResponse({"error": "no such user"}, status_code=400)
        held = self.site.capabilities.setdefault(user.id, set())
        held.update(wanted.get("add", []))
        held.difference_update(wanted.get("remove", []))
        return JSONResponse({"username": user.username, "capabilities": sorted(held)})

    async def tokens(self, request: Request) -> Response:
        """A token of any service for any account, as an administrator makes one; or all of them taken away."""
        wanted = await request.json()
        user = self.site.user_by_name(str(wanted.get("username", "")))
        service = str(wanted.get("service", ""))
        if user is None or service not in self.site.services:
            return JSONResponse({"error": "no such user or service"}, status_code=400)
        if wanted.get("remove"):
            for token in [
                t for t in self.site.tokens.values() if t.userid == user.id and t.service == service
            ]:
                del self.site.tokens[token.token]
            return JSONResponse({"removed": user.username})
        return JSONResponse({"token": self.site.issue_token(user, service).token})

    async def services(self, request: Request) -> Response:
        """A service of some functions, as an administrator makes one by hand; or it is removed with its tokens."""
        wanted = await request.json()
        name = str(wanted.get("shortname", ""))
        if wanted.get("remove"):
            self.site.services.pop(name, None)
            for token in [one for one in self.site.tokens.values() if one.service == name]:
                del self.site.tokens[token.token]
            return JSONResponse({"removed": name})
        functions = frozenset(map(str, wanted.get("functions", ())))
        self.site.services[name] = Service(name, functions, uploadfiles=False)
        return JSONResponse({"shortname": name, "functions": sorted(functions)})

    async def forget(self, request: Request) -> Response:
        """The plugin's own table loses the questions of a course, as when it is installed anew."""
        course = int((await request.json())["course"])
        gone = [key for key in self.site.owned if key[:2] == (course, "question")]
        for key in gone:
            del self.site.owned[key]
        return JSONResponse({"forgotten": len(gone)})

    async def take_back(self, request: Request) -> Response:
        """Takes back what learners did, as teachers and administrators do in Moodle's pages."""
        wanted = await request.json()
        try:
            taken_back.take_back(self.site, str(wanted["what"]), *map(int, wanted["numbers"]))
        except (KeyError, ValueError, TypeError) as error:
            return JSONResponse({"error": f"nothing to take back: {error}"}, status_code=400)
        return JSONResponse({"taken_back": wanted["what"]})

    async def accounts(self, request: Request) -> Response:
        """Deletes an account, as an administrator does: the row stays, under another user name."""
        user = self.site.user_by_name(str((await request.json()).get("username", "")))
        if user is None:
            return JSONResponse({"error": "no such user"}, status_code=400)
        user.username = f"{user.email}.{self.site.now()}"
        user.idnumber, user.deleted = "", True
        return JSONResponse({"deleted": user.id})

    async def questions(self, request: Request) -> Response:
        """A question that a teacher wrote by hand into the course's bank."""
        wanted = await request.json()
        site = self.site
        category = find_category(site, int(wanted["course"]), str(wanted["category"]))
        if category is None:
            return JSONResponse({"error": "no such question category"}, status_code=400)
        answers = (Answer(0, "True", 1.0, ""), Answer(0, "False", 0.0, ""))
        draft = Draft(
            idnumber=str(wanted["key"]),
            qtype="truefalse",
            name="A teacher's question",
            questiontext="<p>True?</p>",
            defaultmark=1.0,
            penalty=1.0,
            generalfeedback="",
            answers=answers,
            options={},
            tags=(),
            files=(),
        )
        entry = store_question(site, category, draft, None, author=0)
        return JSONResponse({"id": entry.id})

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

    async def _with_faults(self, name: str, form: Form, work: Callable[[], Work]) -> Response:
        fault = self.site.faults.take(name)
        if fault is None:
            return finish(work())
        answer = instead_of_work(fault, form)
        if answer is not None:
            return answer
        if fault.kind in ("slow", "slow_store"):
            return await self._slowly(fault, name, work())
        if fault.kind == "cut_then_work":
            # Whoever asked is told nothing; the work goes on without them.
            task = asyncio.ensure_future(self._slowly(fault, name, work()))
            self.unattended.add(task)
            task.add_done_callback(self.unattended.discard)
            return CutConnection()
        answer = finish(work())
        body = bytes(answer.body)
        if fault.kind == "truncate":
            return Response(body[: len(body) // 2], answer.status_code, media_type=answer.media_type)
        if fault.kind == "print_before_json":
            return Response(PRINTED_WARNING.encode() + body, answer.status_code, media_type=JSON)
        await asyncio.sleep(fault.seconds)
        return CutConnection()

    async def _slowly(self, fault: Fault, name: str, work: Work) -> Response:
        """Works late; with `slow_store` as Moodle does, which has looked whether a key is free long before it stores.

        What the plugin does under its lock, and what the database keeps unique, is late as a whole.
        """
        self.working += 1
        try:
            if fault.kind != "slow" and checks_before_it_stores(name):
                try:
                    next(work)
                except StopIteration as done:
                    refused: Response = done.value
                    return refused
            await asyncio.sleep(fault.seconds)
            return finish(work)
        finally:
            self.working -= 1


def instead_of_work(fault: Fault, form: Form) -> Response | None:
    """The answers of faults that strike before anything is done."""
    errors = {
        "maintenance": maintenance_error(),
        "upgraderunning": MoodleError("upgraderunning", "Site is being upgraded, please retry later."),
        "invalidtoken": MoodleError("invalidtoken", "Invalid token - token not found"),
        "accessexception": access_denied("queued fault"),
        "error": MoodleError(fault.errorcode, f"error/{fault.errorcode}"),
    }
    if fault.kind in errors:
        return error_answer(errors[fault.kind], form, debug=False)
    if fault.kind == "html":
        return Response(HTML_PAGE, media_type="text/html")
    if fault.kind == "503":
        return maintenance_page("Stand-in Moodle")
    if fault.kind == "empty403":
        return Response(b"", 403, media_type="text/html")
    if fault.kind == "xml":
        return error_answer(errors["invalidtoken"], {}, debug=False)
    if fault.kind == "null":
        return json_response(None)
    if fault.kind == "cut_before_work":
        return CutConnection()
    return None
