"""The web application. It only reads; what must be signed was signed by the register before.

Without JavaScript, without cookies, without anything from elsewhere. Headers after OWASP ASVS 5.0, chapter 3.4.
"""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.parse import quote

import jinja2
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from authoring.languages import LocalizedText
from authoring.messages import text
from certificates.dates import long_date, moment_in_words, plain_number
from certificates.portal.languages import NAMES, page_language, wants_json
from certificates.portal.lookup import Found, find_award, find_credential, find_status_list
from certificates.public_key import PublicKey, did_document
from certificates.verification_id import in_groups, normal_form
from lms_sync.clock import Clock

HERE = Path(__file__).parent
_log = logging.getLogger(__name__)
_MAX_TYPED = 200

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
# Signed documents are for verifiers anywhere, also for those that run in another page.
_OPEN = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_STYLE_CACHE = {"Cache-Control": "private, max-age=3600"}


def create_app(
    engine: Engine,
    *,
    did: str | None,
    keys: tuple[PublicKey, ...],
    issuer_name: LocalizedText | None,
    language: str,
    clock: Clock,
    https: bool = False,
) -> ASGIApp:
    """The portal over a register. `keys` are the issuer's public keys, the current one first."""
    portal = _Portal(engine, did, keys, issuer_name=issuer_name, language=language, clock=clock)
    routes = Starlette(
        routes=[
            Route("/", portal.start),
            Route("/verify", portal.typed),
            Route("/verify/{id:path}", portal.verify),
            Route("/credentials/{id:path}", portal.credential),
            Route("/status/{number}", portal.status_list),
            Route("/.well-known/did.json", portal.did_json),
            Route("/portal.css", portal.style),
            Route("/robots.txt", portal.robots),
        ],
        exception_handlers={HTTPException: portal.http_error, Exception: portal.failure},
    )
    routes.router.redirect_slashes = False  # it would build an address from what was asked
    return _Guarded(routes, https=https)


class _Guarded:
    """Sets the security headers on every answer, that of a failure too, and ends failures quietly."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = dict(_HEADERS)
        if https:
            self.headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.lower().encode("ascii"), value.encode("ascii"))
                        for name, value in self.headers.items()
                        if name.lower().encode("ascii") not in there
                    ),
                ]
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
        except Exception as error:  # noqa: BLE001 - Starlette has answered and raises again, for the log only
            _log.error(
                "%s on %s", type(error).__name__, str(scope.get("path", ""))[:80].encode("ascii", "replace")
            )


class _Portal:
    def __init__(
        self,
        engine: Engine,
        did: str | None,
        keys: tuple[PublicKey, ...],
        *,
        issuer_name: LocalizedText | None,
        language: str,
        clock: Clock,
    ) -> None:
        self.engine = engine
        self.did = did
        self.keys = keys
        self.issuer_name = issuer_name
        self.language = language
        self.clock = clock
        self.css = (HERE / "portal.css").read_bytes()
        self.pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def start(self, request: Request) -> Response:
        return self.page(request, "start.html")

    def typed(self, request: Request) -> Response:
        """The form's way to /verify/<id>."""
        typed = request.query_params.get("id", "").strip()[:_MAX_TYPED]
        address = f"/verify/{quote(normal_form(typed) or typed or '-', safe='')}"
        if request.query_params.get("lang") in NAMES:
            address += f"?lang={request.query_params['lang']}"
        return RedirectResponse(address, status_code=303)

    def verify(self, request: Request) -> Response:
        """Status 200 for any id: whether one exists is said in the answer, not in the protocol."""
        typed = request.path_params["id"]
        found = find_award(self.engine, typed, self.clock)
        if wants_json(request.headers.get("accept", "")):
            return JSONResponse(
                found.as_json(), headers={"Vary": "Accept", "Access-Control-Allow-Origin": "*"}
            )
        shown = in_groups(found.award.verification_id) if found.award else typed[:80]
        return self.page(request, "verify.html", found=found, shown_id=shown, outline=_outline(found))

    def credential(self, request: Request) -> Response:
        content = find_credential(self.engine, request.path_params["id"])
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="application/vc+ld+json", headers=_OPEN)

    def status_list(self, request: Request) -> Response:
        number = request.path_params["number"]
        known = number.isascii() and number.isdigit() and len(number) < 10
        content = find_status_list(self.engine, int(number)) if known else None
        if content is None:
            raise HTTPException(404)
        return Response(content, media_type="application/vc+ld+json", headers=_OPEN)

    def did_json(self, _request: Request) -> Response:
        if self.did is None or not self.keys:
            raise HTTPException(404)
        return JSONResponse(
            did_document(self.did, *self.keys), media_type="application/did+json", headers=_OPEN
        )

    def style(self, _request: Request) -> Response:
        return Response(self.css, media_type="text/css", headers=_STYLE_CACHE)

    def robots(self, _request: Request) -> Response:
        return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")

    def page(self, request: Request, template: str, status_code: int = 200, **values: object) -> Response:
        language = page_language(
            request.query_params.get("lang"), request.headers.get("accept-language", ""), self.language
        )

        def say(code: str, **params: object) -> str:
            return text(f"portal.{code}", params, language)

        body = self.pages.get_template(template).render(
            say=say,
            language=language,
            languages=NAMES,
            issuer=self.issuer_name.in_language(language, self.language) if self.issuer_name else None,
            demo=any(key.demo for key in self.keys),
            long_date=lambda day: long_date(day, language),
            now=moment_in_words(self.clock.now(), language),
            plain_number=plain_number,
            **values,
        )
        headers = {"Vary": "Accept, Accept-Language", "Content-Language": language}
        return HTMLResponse(body, status_code, headers=headers)

    async def http_error(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        if wants_json(request.headers.get("accept", "")):
            return JSONResponse({"error": status}, status, headers=headers)
        answer = self.page(
            request, "message.html", status, kind="nothing-here" if status < 500 else "failure"
        )
        answer.headers.update(headers)
        return answer

    async def failure(self, request: Request, _error: Exception) -> Response:
        """The last resort: says that something failed and nothing about what."""
        return self.page(request, "message.html", 500, kind="failure")


def _outline(found: Found) -> str:
    """Which of the five pictures stands for a status."""
    match found.status:
        case "valid":
            return "tick"
        case "expired" | "suspended" | "superseded":
            return "clock"
        case "revoked":
            return "cross"
        case "erased":
            return "blank"
        case _:
            return "question"
