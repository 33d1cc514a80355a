"""Keeps everybody out but the person at this computer: host, origin, token, size, and strict headers."""

from __future__ import annotations

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 256 * 1024
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
# A redirect would still count as coming from another site where the link was clicked in one, and the
# strict cookie would be withheld; a page that goes on by itself starts a visit of its own.
_WELCOME = """<!doctype html><html lang="en"><title>Review</title><link rel="icon" href="static/icon.svg">
<meta http-equiv="refresh" content="0;url=./">"""
_TURNED_AWAY = (
    "This page is only open to the person who started it.\n"
    "Use the address that “workshop review” printed when it started; each start has a new one.\n"
)


class Guard:
    """ASGI middleware: lets requests through that name this host, carry the token of this start and, when
    they change something, come from this very page."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app = app
        self.token = secrets.token_urlsafe(24)
        # Cookies are shared between ports of a host; the name keeps two reviews apart.
        self.cookie = f"review_{port}"
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self._objection(scope, headers)
        if answer is None:
            await self.app(scope, _limited(receive), _with_headers(send))
        else:
            await answer(scope, receive, _with_headers(send))

    def _objection(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        host = headers.get("host", "")
        if host not in self.hosts:
            return PlainTextResponse("This page is only served on this computer.\n", 421)
        if scope["path"] == "/open" and scope["method"] == "GET":
            return self._opened(scope)
        if not self._has_token(headers.get("cookie", "")):
            return PlainTextResponse(_TURNED_AWAY, 403)
        site = headers.get("sec-fetch-site", "none")
        if scope["method"] in ("GET", "HEAD"):
            is_own = site in ("same-origin", "none") or headers.get("sec-fetch-mode") == "navigate"
        else:
            is_own = headers.get("origin") == f"http://{host}" and site in ("same-origin", "none")
            is_own = is_own and headers.get("content-type", "").split(";")[0].strip() == "application/json"
        if not is_own:
            return PlainTextResponse("Only the review page itself may ask for this.\n", 403)
        if int(headers.get("content-length") or 0) > LARGEST_BODY:
            return PlainTextResponse("That is too much at once.\n", 413)
        return None

    def _opened(self, scope: Scope) -> Response:
        given = scope["query_string"].decode("latin-1").removeprefix("token=")
        if not hmac.compare_digest(given.encode(), self.token.encode()):
            return PlainTextResponse(_TURNED_AWAY, 403)
        answer = HTMLResponse(_WELCOME)
        answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
        return answer

    def _has_token(self, cookies: str) -> bool:
        try:
            found = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self.token.encode())


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name for name, _ in message["headers"]}
            added = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            if b"cache-control" not in there:
                added.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sent


def _limited(receive: Receive) -> Receive:
    """Stop reading a body that says nothing of its length and does not end."""
    taken = 0

    async def received() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LARGEST_BODY:
            return {"type": "http.disconnect"}
        return message

    return received
