"""Following a tracked link, and its QR code to print."""

from __future__ import annotations

import io
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import segno
from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.lib.agents import is_robot
from marketing.models import TrackedLink

LABEL = "marketing.trackedlink"
KINDS = {"svg": "image/svg+xml", "png": "image/png"}


@never_cache
@require_safe
def follow(request: HttpRequest, code: str) -> HttpResponse:
    """Count and lead on; what the page is to know of the way stands in its address."""
    link = get_object_or_404(TrackedLink.objects.alive().select_related("form"), code=code[:40], active=True)
    if request.method == "GET":
        _count(link, is_robot(request.headers.get("User-Agent", "")))
    if not (target := link.form.path if link.form_id else link.url):
        raise Http404
    parts = urlsplit(target)
    said = {"utm_source": link.source.name if link.source_id else "", "utm_medium": link.channel}
    said |= {"utm_campaign": link.campaign, "code": link.code}
    own = dict(parse_qsl(parts.query, keep_blank_values=True))
    query = urlencode({**{name: value for name, value in said.items() if value}, **own})
    answer = HttpResponseRedirect(urlunsplit(parts._replace(query=query)))
    answer["Referrer-Policy"] = "no-referrer-when-downgrade"
    return answer


@login_required
@require_safe
def qr_code(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The QR code of a link, for the screen or for print."""
    link = get_object_or_404(bind(registry[LABEL], request.user).records("view"), pk=pk)
    if kind not in KINDS:
        raise Http404
    made, drawn = segno.make(link.short, error="m", micro=False), io.BytesIO()
    if kind == "svg":
        made.save(drawn, kind="svg", scale=8, border=2, xmldecl=True, nl=False, omitsize=False, light="#fff")
    else:
        made.save(drawn, kind="png", scale=16, border=4)
    answer = HttpResponse(drawn.getvalue(), content_type=KINDS[kind])
    answer["Content-Disposition"] = (
        f'{"attachment" if "save" in request.GET else "inline"}; filename="qr-{link.code}.{kind}"'
    )
    answer["Cache-Control"] = "private, no-store"
    return answer


def _count(link: TrackedLink, robot: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into marketing_linkday (link_id, day, clicks, robots) values (%s, %s, %s, %s)"
            " on conflict (link_id, day) do update set clicks = marketing_linkday.clicks + excluded.clicks,"
            " robots = marketing_linkday.robots + excluded.robots",
            [link.pk, timezone.localdate(), int(not robot), int(robot)],
        )
