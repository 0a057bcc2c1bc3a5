"""Industry packs in Django admin: the list, what each would change, and the two buttons."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _

from crm.jobs.services import start_job
from crm.packs.declaring import Pack, packs
from crm.packs.models import InstalledPack
from crm.packs.planning import Plan, Verdict, plan_install, plan_uninstall, plan_upgrade

V = Verdict


@admin.register(InstalledPack)
class InstalledPackAdmin(admin.ModelAdmin):
    """Nothing here is a form over rows: a pack comes and goes as a whole."""

    def get_urls(self) -> list:
        def page(route: str, view: Any, name: str) -> Any:
            return path(route, self.admin_site.admin_view(view), name=f"packs_installedpack_{name}")

        return [
            page("", self.index, "changelist"),
            page("<slug:code>/", self.pack, "pack"),
            page("<slug:code>/removal/", self.removal, "removal"),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No page to add rows by hand."""
        return False

    def _shown(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return render(request, f"admin/packs/{template}.html", context)

    def index(self, request: HttpRequest) -> HttpResponse:
        """Every pack, installed or not."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        installed = {pack.code: pack for pack in InstalledPack.objects.select_related("installed_by")}
        cards = [{"pack": pack, "installed": installed.get(code)} for code, pack in packs.items()]
        lost = [pack for code, pack in installed.items() if code not in packs]
        return self._shown(request, "list", title=_("Industry packs"), cards=cards, lost=lost)

    def pack(self, request: HttpRequest, code: str) -> HttpResponse:
        """What installing it, or bringing it up to date, would do; posted: do it in a job."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        pack, installed = packs.get(code), InstalledPack.objects.filter(code=code).first()
        if pack is None:
            raise Http404
        if request.method == "POST":
            kind = "packs.upgrade" if installed else "packs.install"
            return self._start(request, kind, code, str(pack), erase=request.POST.getlist("erase"))
        plan = plan_upgrade(pack, installed) if installed else plan_install(pack)
        context = {"title": str(pack), "pack": pack, "installed": installed, "plan": plan, "groups": groups(plan)}
        context["pending"] = bool(installed and installed.version < pack.version)
        context["possible"] = bool(plan.of(V.ADD)) or context["pending"]
        return self._shown(request, "pack", **context)

    def removal(self, request: HttpRequest, code: str) -> HttpResponse:
        """What taking it away would do, and what people entered meanwhile; posted: do it in a job."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        installed = InstalledPack.objects.filter(code=code).first()
        if installed is None:
            messages.info(request, _("The pack is not installed."))
            return redirect("admin:packs_installedpack_changelist")
        pack = packs.get(code)
        if request.method == "POST":
            return self._start(
                request, "packs.uninstall", code, str(pack or code), keep=sorted(set(request.POST.getlist("keep")))
            )
        plan = plan_uninstall(installed, pack)
        held, changed = plan.of(V.HOLDS), [line for line in plan.of(V.REMOVE) if line.kept]
        named = pack or Pack(code, 0, code, code, "", "", "package", ())
        context = {"title": _("Take “%(pack)s” away") % {"pack": named}, "pack": named, "plan": plan}
        context |= {"held": held, "changed": changed, "groups": groups(Plan(tuple(plan.of(V.REMOVE, V.GONE))))}
        return self._shown(request, "removal", **context)

    def _start(self, request: HttpRequest, kind: str, code: str, name: str, **given: Any) -> HttpResponse:
        titles = {
            "packs.install": _("Install “%(pack)s”"),
            "packs.upgrade": _("Bring “%(pack)s” up to date"),
            "packs.uninstall": _("Take “%(pack)s” away"),
        }
        params = {"pack": code, "seen": request.POST.get("seen", ""), **given}
        job = start_job(kind, user=request.user, params=params, title=titles[kind] % {"pack": name})
        return redirect("jobs:job", pk=job.pk)


def groups(plan: Plan) -> list[dict[str, Any]]:
    """The lines under the names of their kinds, as the page shows them."""
    ranked = sorted(
        plan.lines, key=lambda line: (line.kind.rank if line.kind else 999, line.kind.name if line.kind else "")
    )
    return [
        {"label": kind.label if kind else _("Unknown"), "lines": list(lines)}
        for kind, lines in groupby(ranked, key=lambda line: line.kind)
    ]
