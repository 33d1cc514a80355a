"""The review page's server: on this computer only, for one workshop, until it is stopped."""

from __future__ import annotations

import getpass
import json
import re
import socket
import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.anchors import anchor_from
from pipeline.errors import MissingError, WorkshopError
from pipeline.planning import Places
from pipeline.review import acts, views
from pipeline.review.acts import Done, GoneError, RefusedError
from pipeline.review.desk import Desk
from pipeline.review.guard import Guard
from pipeline.review.theming import ThemeDesk
from pipeline.stages.decide import Case
from pipeline.terminal import visible
from pipeline.themes.editing import EditError
from pipeline.themes.keeping import ChangedError
from pipeline.workshop import find_workshops

HOST = "127.0.0.1"
_HERE = Path(__file__).parent
_FOR_GOOD = {"cache-control": "private, max-age=31536000, immutable"}
_LONGEST_NAME = 60
_AFTER_THE_PAGE = 0.5
"""Seconds from the first note shown until the heavy parts are loaded: the page comes first."""
_NOT_UNDERSTOOD = "The page sent something that is not understood; load it again."
_NAMELESS = "Say who you are first, so that the decision carries a name."


def serve(
    places: Places,
    workshop_id: str | None = None,
    *,
    port: int = 0,
    person: str | None = None,
    second_reader: bool = False,
    open_browser: bool = True,
) -> None:
    """Serve one workshop's review page until Ctrl-C; `port` 0 takes a free one.

    `person` is who decides, unless the page is told otherwise; without it, the account's name. Raises
    MissingError when there is no such workshop, or more than one and none was named.
    """
    desk = Desk(places, chosen(places, workshop_id))
    # Named as TCP: only then does asyncio send answers at once, instead of 40 ms later (Nagle's algorithm).
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise WorkshopError(
                f"The port {port} cannot be used: {error.strerror}.",
                safe="Nothing was changed.",
                remedy="Leave --port out, and a free one is taken.",
            ) from None
        listener.listen()  # before the address is told: who comes early waits a moment instead of being refused
        taken = listener.getsockname()[1]
        guarded = Guard(application(desk, person or _account(), second_reader), taken)
        address = f"http://{HOST}:{taken}/open?token={guarded.token}"
        print(
            f"Reviewing “{visible(desk.loaded.record.title)}”.\nOpen this address: {address}\nStop with Ctrl-C.",
            flush=True,
        )
        threading.Thread(target=_warm_up, args=(desk,), daemon=True).start()
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        config = uvicorn.Config(
            guarded,
            log_level="error",
            access_log=False,
            server_header=False,
            ws="none",
            timeout_keep_alive=120,
        )
        uvicorn.Server(config).run(sockets=[listener])


def chosen(places: Places, workshop_id: str | None) -> Path:
    """The folder of the workshop to review: the one named, or the only one that has a record."""
    if workshop_id is not None:
        return find_workshops(places.raw, (workshop_id,))[0]
    ready = [folder for folder in find_workshops(places.raw) if places.record(folder.name).is_file()]
    if len(ready) == 1:
        return ready[0]
    names = ", ".join(folder.name for folder in ready)
    raise MissingError(
        "Several workshops have a record." if ready else "No workshop has a record yet.",
        remedy=f"Say which one to review: workshop review NAME (there are: {names})."
        if ready
        else "Make one first: workshop run",
    )


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def _warm_up(desk: Desk) -> None:
    try:
        desk.is_seen.wait()
        time.sleep(_AFTER_THE_PAGE)
        desk.warm_up()
    except Exception as error:  # noqa: BLE001 - without it reviewing goes on; only drawn outlines wait for a run
        print(f"Outlines drawn now are read by the next run: {error}", flush=True)


def application(desk: Desk, person: str, is_second: bool) -> Starlette:
    """The page and what it asks for, unguarded: see `Guard`."""
    return _Page(desk, person, is_second).app


class _Page:
    """The routes, with the desk they work at."""

    def __init__(self, desk: Desk, person: str, is_second: bool) -> None:
        self.desk = desk
        self.person = person
        self.is_second = is_second
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )
        self.template = environment.get_template("review.html.j2")
        self.themes_template = environment.get_template("themes.html.j2")
        self.theme_desk = ThemeDesk(desk)
        self.app = Starlette(
            routes=[
                Route("/", self.page),
                Route("/start", self.start),
                Route("/queue", self.queue),
                Route("/figures", self.figures),
                Route("/note/{id}", self.note),
                Route("/on/{sha256}", self.on_photo),
                Route("/photo/{sha256}", self.photo),
                Route("/picture/{id}", self.picture),
                Route("/orphans", self.orphans),
                Route("/act/{name}", self.act, methods=["POST"]),
                Route("/themes", self.themes_page),
                Route("/themes/now", self.themes),
                Route("/themes/act", self.themes_act, methods=["POST"]),
                Mount("/static", StaticFiles(directory=_HERE / "static")),
            ],
            exception_handlers={
                GoneError: _gone,
                RefusedError: _refused,
                EditError: _refused,
                ChangedError: _changed,
                WorkshopError: _failed,
                Exception: _broken,
            },
        )

    async def page(self, request: Request) -> Response:
        """The page itself; everything on it comes by script."""
        record = self.desk.loaded.record
        return HTMLResponse(self.template.render(title=record.title, is_second=self.is_second))

    async def start(self, request: Request) -> Response:
        """What stays the same while the page is open."""
        return await self._answer(lambda: views.start(self.desk, self.person, self.is_second))

    async def queue(self, request: Request) -> Response:
        """The notes to look at, in order."""
        wanted = dict(request.query_params)
        person = _person(wanted.pop("person", self.person), self.person)
        return await self._answer(lambda: views.in_queue(self.desk, wanted, person, self.is_second))

    async def figures(self, request: Request) -> Response:
        """How far the review is, for pages that others are working beside."""
        return await self._answer(lambda: {} if self.is_second else views.figures(self.desk))

    async def note(self, request: Request) -> Response:
        """One note."""
        note_id = request.path_params["id"]
        self.desk.is_seen.set()
        return await self._answer(lambda: views.note(self.desk, self.case_at(note_id), self.is_second))

    async def on_photo(self, request: Request) -> Response:
        """The outlines on a photograph."""
        sha256 = request.path_params["sha256"]
        found = await self._answer(lambda: views.on_photo(self.desk, sha256))
        return found if not self.is_second else JSONResponse([])

    async def orphans(self, request: Request) -> Response:
        """Decisions without a note."""
        return await self._answer(lambda: views.orphans(self.desk))

    async def photo(self, request: Request) -> Response:
        """A photograph, by its digest."""
        sha256 = request.path_params["sha256"]
        return _picture(await run_in_threadpool(self.desk.pictures.photo, sha256))

    async def picture(self, request: Request) -> Response:
        """A note's picture."""
        case = self.desk.case(request.path_params["id"])
        if case is None or not case.base.sightings:
            return _picture(None)
        best, note = case.base.sightings[0], case.note
        # Its outline may have been moved since the page was told of this address: then another picture is shown, not
        # to be kept in place of the one that belongs here.
        is_its_own = request.url.query == views.picture_stamp(case)
        made = await run_in_threadpool(
            self.desk.pictures.note, best.photo_sha256, best.polygon, note.shape, note.turn
        )
        return _picture(made, is_its_own)

    async def act(self, request: Request) -> Response:
        """Something a person does; answered when it is on the disk, with the note to show next."""
        name = request.path_params["name"]
        sent = await _sent(request)
        if name not in _ACTS:
            raise RefusedError(_NOT_UNDERSTOOD)
        return await self._answer(lambda: self._acted(name, sent), is_slow=name in _SLOW)

    def _acted(self, name: str, sent: dict[str, Any]) -> dict[str, Any]:
        desk = self.desk
        person = _person(sent.get("person"), "")
        if not person:
            raise RefusedError(_NAMELESS)
        done = _ACTS[name](self, person, sent)
        with desk.lock:
            return self._told(done, sent)

    def _told(self, done: Done, sent: dict[str, Any]) -> dict[str, Any]:
        desk = self.desk
        case = desk.case(done.note_id) if done.note_id else None
        following = desk.case(str(sent.get("next"))) if sent.get("next") else None
        return {
            "said": done.said,
            "note": views.note(desk, case, self.is_second) if case else None,
            "next": views.note(desk, following, self.is_second)
            if following and not following.is_gone
            else None,
            **({} if self.is_second else views.figures(desk)),
        }

    # --- themes ------------------------------------------------------------------------------------

    async def themes_page(self, request: Request) -> Response:
        """The page on which people own themes; a second reader has none."""
        if self.is_second:
            return Response(status_code=404)
        return HTMLResponse(self.themes_template.render(title=self.desk.loaded.record.title, is_second=False))

    async def themes(self, request: Request) -> Response:
        """The themes as they stand."""
        version = request.query_params.get("version", "")
        return await self._themed(lambda: self.theme_desk.view(version))

    async def themes_act(self, request: Request) -> Response:
        """Something a person does to themes; answered when it is on the disk, with the themes as they are then."""
        sent = await _sent(request)
        person = _person(sent.get("person"), "")
        if not person:
            raise RefusedError(_NAMELESS)
        return await self._themed(lambda: self.theme_desk.act(person, sent))

    async def _themed(self, make: Callable[[], Any]) -> Response:
        if self.is_second:
            return Response(status_code=404)
        return JSONResponse(await run_in_threadpool(make))

    def case_at(self, note_id: object, place: object = None) -> Case:
        """A note by its id, or by its place where a run gave it another id; raises GoneError when it is not there."""
        if not isinstance(note_id, str):
            raise RefusedError(_NOT_UNDERSTOOD)
        case = self.desk.case(note_id)
        if case is None and (anchor := anchor_from(place)) is not None:
            case = self.desk.ledger.find(anchor)
        if case is None:
            raise GoneError("That note is not there any more; somebody may have changed its outline.")
        return case

    def case_of(self, note_id: object) -> Case:
        """A note that is still one, by its id; raises GoneError otherwise."""
        case = self.case_at(note_id)
        acts.still(self.desk, case)
        return case

    async def _answer(self, make: Callable[[], Any], is_slow: bool = False) -> Response:
        """Work in a thread of its own, in sight of everything that was decided so far.

        What `is_slow` reads an outline first; nobody else's decision waits for that.
        """

        def work() -> bytes:
            with self.desk.lock:
                self.desk.refresh()
                if not is_slow:
                    return json.dumps(make(), separators=(",", ":")).encode()
            return json.dumps(make(), separators=(",", ":")).encode()

        return Response(await run_in_threadpool(work), media_type="application/json")


def _save(page: _Page, person: str, sent: dict[str, Any]) -> Done:
    case = page.case_at(sent.get("note"), sent.get("place"))
    return acts.save(page.desk, case, person, sent, page.is_second)


_SLOW = ("draw", "move", "split", "join")
_ACTS: dict[str, Callable[[_Page, str, dict[str, Any]], Done]] = {
    "save": _save,
    "name": lambda page, person, sent: acts.settle_name(
        page.desk, page.case_of(sent.get("note")), person, sent.get("text"), sent.get("keep")
    ),
    "draw": lambda page, person, sent: acts.draw(page.desk, person, sent.get("photo"), sent.get("polygon")),
    "move": lambda page, person, sent: acts.move(
        page.desk, page.case_of(sent.get("note")), person, sent.get("polygon")
    ),
    "split": lambda page, person, sent: acts.divide(
        page.desk, page.case_of(sent.get("note")), person, sent.get("line")
    ),
    "join": lambda page, person, sent: acts.join(
        page.desk, page.case_of(sent.get("note")), page.case_of(sent.get("other")), person
    ),
    "same": lambda page, person, sent: acts.same(
        page.desk, page.case_of(sent.get("note")), page.case_of(sent.get("other")), person
    ),
    "answers": lambda page, person, sent: acts.answers(
        page.desk,
        page.case_of(sent.get("note")),
        page.case_of(sent["other"]) if sent.get("other") is not None else None,
        person,
    ),
    "discard": lambda page, person, sent: acts.discard(page.desk, page.case_of(sent.get("note")), person),
    "undo": lambda page, person, sent: acts.undo(page.desk, person),
}


async def _sent(request: Request) -> dict[str, Any]:
    """What the page sent, a JSON object; raises RefusedError for anything else."""
    try:
        sent = json.loads(await request.body())
    except (ValueError, UnicodeDecodeError, RecursionError, ClientDisconnect):
        sent = None
    if not isinstance(sent, dict):
        raise RefusedError(_NOT_UNDERSTOOD)
    return sent


def _person(given: object, otherwise: str) -> str:
    whole = given.encode("utf-8", "ignore").decode() if isinstance(given, str) else ""
    name = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", whole).split())
    return name[:_LONGEST_NAME] or otherwise


def _picture(content: bytes | None, is_for_good: bool = True) -> Response:
    if content is None:
        return Response(status_code=404)
    return Response(content, media_type="image/jpeg", headers=_FOR_GOOD if is_for_good else None)


def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


def _gone(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 410)


def _changed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 409)


def _failed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 500)


def _broken(request: Request, error: Exception) -> Response:
    return JSONResponse(
        {"error": f"Something went wrong here ({type(error).__name__}); what was said to be saved is saved."},
        500,
    )
