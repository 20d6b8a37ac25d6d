"""The pages: server-rendered HTML that works without JavaScript.

Every number on a page comes from a panel of ``dashboards/queries``; here they are only arranged.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboards import proof, words
from dashboards.panels import Panels
from dashboards.recovery_words import checkin_line, night, pain_line, recovery_lines
from dashboards.web.chart import bars
from dashboards.web.checkin_page import CheckinPage, Sending, checkin_url
from pipeline.alerts.labels import rule_name
from pipeline.clock import Clock, SystemClock

CHART_DAYS = 56
TABLE_DAYS = 28
ALERTS_SHOWN = 200
WORDS = {"act": "Act", "watch": "Watch", "unknown": "Unknown", "ready": "Ready"}
SHAPES = {"act": "◆", "watch": "▲", "unknown": "○", "ready": "●"}
STATIC_TYPES = {"spotter.css": "text/css; charset=utf-8"}

TenantOf = Callable[[Request], str]


def routes(panels: Panels, tenant_of: TenantOf, sending: Sending | None, clock: Clock | None = None) -> list[BaseRoute]:
    """The pages' routes; ``tenant_of`` says whose pages a request may see, or raises; ``sending`` takes check-ins,
    where they are taken."""
    clock = clock or SystemClock()

    def roster(request: Request) -> Response:
        tenant = tenant_of(request)
        with panels.opened(tenant) as seen:
            rows = seen.rows("roster", tenant, None)
        counts = Counter(str(row["attention"]) for row in rows)
        told = ", ".join(f"{counts[key]} {WORDS[key].lower()}" for key in WORDS if counts[key])
        return _page("roster.html", tenant=tenant, age=age(seen), rows=rows, told=told)

    def athlete(request: Request) -> Response:
        tenant, name = tenant_of(request), str(request.path_params["athlete_id"])
        with panels.opened(tenant) as seen:
            state = next(iter(seen.rows("roster", tenant, name)), None)
            if state is None:
                return _page("missing.html", status=404, tenant=tenant, age=age(seen))
            days = seen.rows("athlete_days", tenant, name, None, None, CHART_DAYS)
            alerts = seen.alerts(tenant, name, None, ALERTS_SHOWN)
            recovery = next(iter(seen.rows("recovery", tenant, name)), None)
            checkin = seen.rows("last_checkin", tenant, name)
            pain = seen.rows("pain_of_day", tenant, name)
        return _page(
            "athlete.html",
            tenant=tenant,
            age=age(seen),
            state=state,
            days=days[-TABLE_DAYS:][::-1],
            chart=bars(days),
            recovery_day=recovery["local_day"] if recovery else None,
            recovery=recovery_lines(recovery) if recovery else [],
            checkin=checkin_line(checkin) if checkin else None,
            pain=pain_line(pain),
            takes_checkins=sending is not None,
            open_alerts=[alert for alert in alerts if alert["state"] == "open"],
            past_alerts=[alert for alert in alerts if alert["state"] != "open"],
        )

    def age(seen: Panels) -> str | None:
        return words.age_of_copy(seen.as_of, clock.now()) if seen.as_of is not None else None

    return [
        Route("/", roster, name="roster"),
        Route("/athletes/{athlete_id:path}", athlete, name="athlete"),
        *(CheckinPage(panels, tenant_of, sending, _page).routes() if sending is not None else []),
        Route("/static/{name}", _static, name="static"),
    ]


def _static(request: Request) -> Response:
    name = str(request.path_params["name"])
    media_type = STATIC_TYPES.get(name)
    if media_type is None:
        return Response("not found", 404, media_type="text/plain")
    return Response(_file(name), media_type=media_type)


@cache
def _file(name: str) -> bytes:
    return files("dashboards").joinpath("web", "static", name).read_bytes()


def _page(template: str, *, status: int = 200, age: str | None = None, **values: object) -> Response:
    html = _templates().get_template(template).render(state_words=WORDS, shapes=SHAPES, age=age, **values)
    return Response(html, status, media_type="text/html; charset=utf-8")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("dashboards.web", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": words.number, "share": words.share, "day": words.day, "counted": words.counted}
    environment.filters |= {"groups": proof.groups, "about": proof.about}
    environment.filters |= {"with_parts": words.with_parts, "part_of": words.part_of}
    environment.filters |= {"rule_name": rule_name}
    environment.globals |= {
        "athlete_url": athlete_url,
        "checkin_url": checkin_url,
        "style_url": style_url,
        "failure_load": words.failure_load,
        "failure_sets": words.failure_sets,
        "alerts_in_words": words.open_alerts,
        "headline": words.headline,
        "judged": words.judged,
        "night_in_words": night,
        "glossary": words.GLOSSARY,
    }
    return environment


@cache
def style_url() -> str:
    """The style sheet's address; it changes with its content, so that no browser shows an old one."""
    return f"/static/spotter.css?v={hashlib.sha256(_file('spotter.css')).hexdigest()[:8]}"


def athlete_url(name: str, tenant: str) -> str:
    """The address of an athlete's page."""
    suffix = "" if tenant == "home" else f"?tenant={quote(tenant, safe='')}"
    return f"/athletes/{quote(name, safe='')}{suffix}"
