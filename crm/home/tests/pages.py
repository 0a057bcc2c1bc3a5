"""Addresses with one piece each of what the scripts drive; only the browser tests of this directory serve them."""

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template import engines
from django.urls import include, path

posts: list[dict[str, list[str]]] = []

BASE = '{% extends "base.html" %}{% load ui %}{% block title %}Piece{% endblock %}{% block main %}'
FIELDS = [
    {
        "name": "name",
        "label": "Name",
        "kind": "text",
        "operators": [{"name": "contains", "label": "contains", "arity": 1}],
    },
    {
        "name": "amount",
        "label": "Amount",
        "kind": "money",
        "operators": [{"name": "gte", "label": "≥", "arity": 1}, {"name": "between", "label": "between", "arity": 2}],
    },
    {
        "name": "level",
        "label": "Level",
        "kind": "choice",
        "operators": [{"name": "in", "label": "is one of", "arity": "many"}],
        "choices": [["a", "A"], ["b", "B"]],
    },
]
LIST = """<section data-list data-total="500"><div data-all-banner hidden><button type="button" data-select-all>All</button></div>
<table class="rows"><thead><tr><th><input type="checkbox" data-pick-page></th></tr></thead><tbody>{% for n in "123" %}
<tr data-id="{{ n }}" data-url="/record/{{ n }}/"><td class="pick"><input type="checkbox" name="selected" value="{{ n }}" form="bulk"></td>
<td data-edit-url="/cell/">old</td></tr>{% endfor %}</tbody></table>
<form id="bulk" class="bulk-bar" data-bulk-bar method="post" action="/post/">{% csrf_token %}<span data-count></span><button>Delete</button></form></section>"""
BOARD = """<div class="board" data-board>{% for lane in "abcd" %}<section class="lane" data-lane="{{ lane }}"><b data-lane-count>1</b><div class="cards" data-cards>
<article class="lane-card" tabindex="0" data-move-url="/move/" data-version="7">{{ lane }}</article></div></section>{% endfor %}</div>"""
CONDITIONS = """<form data-conditions data-fields="condition-fields"><input type="hidden" name="where" value=""><div data-builder></div>
<button>Apply</button></form>{{ fields|json_script:"condition-fields" }}"""


class NameForm(forms.Form):
    """``name`` asks the server something while it is typed, as a duplicate check does."""

    name = forms.CharField(
        widget=forms.TextInput({"hx-get": "/cell/", "hx-trigger": "keyup delay:50ms", "hx-swap": "none"})
    )
    account = forms.CharField(required=False, widget=forms.Select(attrs={"data-remote": "/choices/"}))


def show(request: HttpRequest, source: str, status: int = 200, **context) -> HttpResponse:
    template = engines["django"].from_string(BASE + source + "{% endblock %}")
    return HttpResponse(template.render(context, request), status=status)


def form(request: HttpRequest) -> HttpResponse:
    bound = NameForm(request.POST or None)
    if bound.is_bound:
        posts.append(dict(request.POST.lists()))
    if bound.is_valid():
        return redirect("/list/")
    return show(request, '{% include "components/form.html" %}', 422 if bound.is_bound else 200, form=bound)


def post(request: HttpRequest) -> HttpResponse:
    posts.append(dict(request.POST.lists()))
    return redirect("/list/")


def cell(request: HttpRequest) -> HttpResponse:
    return HttpResponse("new" if request.method == "POST" else '<form><input name="value" value="old"></form>')


def move(request: HttpRequest) -> HttpResponse:
    posts.append(dict(request.POST.lists()))
    match request.POST["to"]:
        case "c":
            return HttpResponse("The stage needs a close date.", status=409, content_type="text/plain")
        case "d":
            return HttpResponse('<form><input name="close_date"></form>', status=422)
    return HttpResponse(status=204)


def choices(request: HttpRequest) -> HttpResponse:
    found = [{"id": 5, "text": "青岛海润水务", "hint": "山东"}] if request.GET.get("q") in ("", "hairun") else []
    return JsonResponse({"results": found, "more": False})


urlpatterns = [
    path("list/", lambda request: show(request, LIST)),
    path("board/", lambda request: show(request, BOARD)),
    path("conditions/", lambda request: show(request, CONDITIONS, fields=FIELDS)),
    path("form/", form),
    path("post/", post),
    path("cell/", cell),
    path("move/", move),
    path("choices/", choices),
    path("search/", lambda request: HttpResponse('<a role="option" href="/record/1/">Found</a>')),
    path("record/<int:pk>/", lambda request, pk: show(request, str(pk))),
    path("", include("crm.urls")),
]
