"""The web application. It only reads; what must be signed was signed by the register before.

Without JavaScript, without cookies, without anything from elsewhere. Headers after OWASP ASVS 5.0, chapter 3.4.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from urllib.parse import quote, urlencode

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
from certificates.award import Award
from certificates.dates import long_date, moment_in_words, plain_number
from certificates.portal.languages import NAMES, page_language, wants_json
from certificates.portal.limits import Misses
from certificates.portal.lookup import (
    Found,
    find_award,
    find_credential,
    find_file,
    find_held,
    find_status_list,
    held_document,
    seals_used,
)
from certificates.public_key import PublicKey, did_document
from certificates.verification_id import in_groups, normal_form
from lms_sync.clock import Clock

HERE = Path(__file__).parent
_log = logging.getLogger(__name__)
_MAX_TYPED = 200

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self'; form-action 'self'; "
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
_SEALS_FOR = 60.0  # seconds
_KINDS = {429: "too-many"}
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
    offline: Path | None = None,
) -> ASGIApp:
    """The portal over a register. `keys` are the issuer's public keys, the current one first; `offline` is the folder
    that `certificates publish` has written, whose pages are offered for download.
    """
    portal = _Portal(
        engine, did, keys, issuer_name=issuer_name, language=language, clock=clock, offline=offline
    )
    routes = Starlette(
        routes=[
            Route("/", portal.start),
            Route("/verify", portal.typed),
            Route("/verify/{id:path}", portal.verify),
            Route("/credentials/{id:path}", portal.credential),
            Route("/status/{number}", portal.status_list),
            Route("/files/{id:path}", portal.file),
            Route("/holder/{id}/{token}", portal.holder),
            Route("/holder/{id}/{token}/certificate.pdf", portal.holder_pdf),
            Route("/holder/{id}/{token}/credential.json", portal.holder_credential),
            Route("/issuer", portal.issuer),
            Route("/offline.html", portal.offline_page),
            Route("/.well-known/did.json", portal.did_json),
            Route("/portal.css", portal.style),
            Route("/check_file.js", portal.script),
            Route("/portal.js", portal.script),
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
        offline: Path | None,
    ) -> None:
        self.offline = offline
        self.misses = Misses()
        self.seals: tuple[float, list[dict[str, str]]] = (0.0, [])
        self.scripts = {name: (HERE / name).read_bytes() for name in ("check_file.js", "portal.js")}
        self.engine = engine
        self.did = did
        self.keys = keys
        self.issuer_name = issuer_name
        self.language = language
        self.clock = clock
        self.words: dict[str, dict[str, str]] = {}  # by language, what needs no value put in
        self.css = (HERE / "portal.css").read_bytes()
        self.pages = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
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
        if found.status == "unknown":
            self.miss(request)
        if wants_json(request.headers.get("accept", "")):
            return JSONResponse(
                found.as_json(), headers={"Vary": "Accept", "Access-Control-Allow-Origin": "*"}
            )
        shown = in_groups(found.award.verification_id) if found.award else typed[:80]
        return self.page(request, "verify.html", found=found, shown_id=shown, outline=_outline(found))

    def credential(self, request: Request) -> Response:
        content = find_credential(self.engine, request.path_params["id"])
        if content is None:
            self.miss(request)
            raise HTTPException(404)
        return Response(content, media_type="application/vc+ld+json", headers=_OPEN)

    def miss(self, request: Request) -> None:
        """Notes that something unknown was asked for; answers 429 where that happens too often. Raises HTTPException."""
        if self.misses.one_more(request.client.host if request.client else None):
            raise HTTPException(429, headers={"Retry-After": "60"})

    def file(self, request: Request) -> Response:
        """What a file is checked against in the browser: the file itself is never sent here."""
        found = find_file(self.engine, request.path_params["id"])
        if found["pdf_sha256"] is None:
            self.miss(request)
        return JSONResponse(found, headers={"Access-Control-Allow-Origin": "*"})

    def issuer(self, request: Request) -> Response:
        """Who issues: identifier, keys, seals, and where machines find them."""
        return self.page(
            request,
            "issuer.html",
            did=self.did,
            public_keys=self.keys,
            seals=self.seals_now(),
            has_offline=self.offline is not None and any(self.offline.glob("verify-offline.*.html")),
        )

    def seals_now(self) -> list[dict[str, str]]:
        """The seals, looked up at most once a minute: that reads the whole register."""
        read_at, found = self.seals
        if not read_at or time.monotonic() - read_at > _SEALS_FOR:
            found = seals_used(self.engine)
            self.seals = (time.monotonic(), found)
        return found

    def offline_page(self, request: Request) -> Response:
        """The page that verifies without network, for download."""
        if self.offline is None:
            raise HTTPException(404)
        language = page_language(
            request.query_params.get("lang"), request.headers.get("accept-language", ""), self.language
        )
        path = self.offline / f"verify-offline.{language}.html"
        if not path.is_file():
            raise HTTPException(404)
        headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
        return Response(path.read_bytes(), media_type="text/html", headers=headers)

    def held(self, request: Request) -> str:
        """The award whose holder asks. Raises HTTPException 404 for every other address."""
        award = find_held(self.engine, request.path_params["id"], request.path_params["token"])
        if award is None:
            self.miss(request)
            raise HTTPException(404)
        return award

    def holder(self, request: Request) -> Response:
        """The holder's own page: downloads, and the address to pass on."""
        self.held(request)
        found = find_award(self.engine, request.path_params["id"], self.clock)
        assert found.award is not None
        return self.page(
            request,
            "holder.html",
            found=found,
            shown_id=in_groups(found.award.verification_id),
            outline=_outline(found),
            here=f"/holder/{found.award.verification_id}/{request.path_params['token']}",
            linkedin=linkedin_address(found.award),
        )

    def holder_pdf(self, request: Request) -> Response:
        return self.held_document(request, "pdf", "application/pdf", "certificate.pdf")

    def holder_credential(self, request: Request) -> Response:
        return self.held_document(request, "credential", "application/vc+ld+json", "credential.json")

    def held_document(self, request: Request, kind: str, media_type: str, name: str) -> Response:
        content = held_document(self.engine, self.held(request), kind)
        if content is None:
            raise HTTPException(404)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type=media_type, headers=headers)

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

    def script(self, request: Request) -> Response:
        content = self.scripts[request.url.path.rsplit("/", 1)[-1]]
        return Response(content, media_type="text/javascript", headers=_STYLE_CACHE)

    def robots(self, _request: Request) -> Response:
        return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")

    def page(self, request: Request, template: str, status_code: int = 200, **values: object) -> Response:
        language = page_language(
            request.query_params.get("lang"), request.headers.get("accept-language", ""), self.language
        )

        words = self.words.setdefault(language, {})

        def say(code: str, **params: object) -> str:
            if params:
                return text(f"portal.{code}", params, language)
            if code not in words:  # as many as the catalogue has: templates name them, not visitors
                words[code] = text(f"portal.{code}", {}, language)
            return words[code]

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
            request,
            "message.html",
            status,
            kind=_KINDS.get(status, "nothing-here" if status < 500 else "failure"),
        )
        answer.headers.update(headers)
        return answer

    async def failure(self, request: Request, _error: Exception) -> Response:
        """The last resort: says that something failed and nothing about what."""
        return self.page(request, "message.html", 500, kind="failure")


def linkedin_address(award: Award) -> str:
    """The address that fills in LinkedIn's form for a certification; the holder sends it off there, or not."""
    wording = award.wording
    language = wording.languages[0]
    filled = {
        "startTask": "CERTIFICATION_NAME",
        "name": wording.title.in_language(language),
        "organizationName": wording.issuer_name.in_language(language),
        "issueYear": award.issued_on.year,
        "issueMonth": award.issued_on.month,
        "certId": award.serial,
        "certUrl": award.verification_url,
    }
    if award.expires_on is not None:
        filled |= {"expirationYear": award.expires_on.year, "expirationMonth": award.expires_on.month}
    return "https://www.linkedin.com/profile/add?" + urlencode(filled)


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
