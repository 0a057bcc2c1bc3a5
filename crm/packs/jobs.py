"""Packs come and go in a job: one transaction, so that a worker that dies leaves nothing half done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.packs.declaring import Pack, packs
from crm.packs.planning import Plan, Verdict
from crm.packs.services import Refused, forget, install, uninstall, upgrade


def of_job(job: Job) -> dict[str, Any]:
    """How many parts met which end."""
    counts = job.result.get("parts", {}) if job.result else {}
    return {"parts": [(Verdict(verdict).label, count) for verdict, count in counts.items() if verdict in Verdict]}


SHOWN: dict[str, Any] = {"template": "packs/job.html", "context": of_job}


def _do(running: Running, work: Callable[[Pack | None], Plan]) -> dict[str, Any]:
    try:
        with running.batch() as step:
            plan = work(packs.get(running.params["pack"]))
            step.done = len(plan.lines)
    except Refused as refused:
        forget()
        raise JobError(str(refused)) from refused
    except (IntegrityError, ProtectedError) as error:
        forget()
        raise JobError(_("Something else holds on to it: %(error)s") % {"error": error}) from error
    return {"parts": {verdict: count for verdict, _label, count in plan.counts}}


@job_kind("packs.install", gettext_lazy("Installation of an industry pack"), icon="package", **SHOWN)
def run_install(running: Running) -> dict[str, Any]:
    """All parts or none."""
    return _do(running, lambda pack: install(_known(pack), actor=running.actor, seen=running.params["seen"]))


@job_kind("packs.upgrade", gettext_lazy("New version of an industry pack"), icon="package", **SHOWN)
def run_upgrade(running: Running) -> dict[str, Any]:
    """All changes or none."""
    given = {"seen": running.params["seen"], "erase": running.params.get("erase", ())}
    return _do(running, lambda pack: upgrade(_known(pack), actor=running.actor, **given))


@job_kind("packs.uninstall", gettext_lazy("Removal of an industry pack"), icon="package", **SHOWN)
def run_uninstall(running: Running) -> dict[str, Any]:
    """All parts but those that are kept."""
    given = {"seen": running.params["seen"], "keep": running.params.get("keep", ())}
    return _do(running, lambda pack: uninstall(running.params["pack"], actor=running.actor, **given))


def _known(pack: Pack | None) -> Pack:
    if pack is None:
        raise Refused(_("There is no such pack any more."))
    return pack
