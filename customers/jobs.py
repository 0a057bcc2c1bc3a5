"""Long work of customers: asking websites, and cleaning data."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.entities.bound import bind
from crm.entities.entity import registry
from crm.jobs.kinds import job_kind
from crm.jobs.models import Job
from crm.jobs.running import JobError, Running
from crm.jobs.services import start_job
from crm.records.models import ChangeSet
from customers.care.cleaners import CLEANERS
from customers.care.cleansing import KIND as CLEANSE
from customers.care.cleansing import batches, clean
from customers.models import Account
from customers.suggesting.proposals import WEBSITE, remember
from customers.suggesting.website import NoAnswer, NotReached, ask, may_ask

ACCOUNT, KIND = "customers.account", "customers.website"


def ask_website(account: Account, user: Any) -> Job:
    """Let a worker read the website of an account; one job at a time for each."""
    running = asking(account)
    if running is not None:
        return running
    title = _("Website of %(name)s") % {"name": account}
    return start_job(KIND, user=user, params={"account": account.pk}, title=title, total=1)


def asking(account: Account) -> Job | None:
    """The job that reads the website just now."""
    states = [Job.State.QUEUED, Job.State.RUNNING]
    return Job.objects.filter(kind=KIND, params__account=account.pk, state__in=states).first()


@job_kind(KIND, gettext_lazy("Read a website"), icon="world-search", quiet=True)
def read_website(running: Running) -> dict[str, Any]:
    """Keep what the website says as suggestions; asked again it finds the same."""
    account = bind(registry[ACCOUNT], running.job.user).records("change").filter(pk=running.params["account"]).first()
    if account is None or not account.website or not may_ask():
        raise JobError(_("There is no website to be read any more."))
    try:
        found, url = ask(account)
    except (NotReached, NoAnswer) as error:
        raise JobError(_("The website did not answer: %(error)s") % {"error": error}) from error
    with running.batch() as step:
        step.created, step.done = remember(ACCOUNT, account.pk, WEBSITE, found, url), 1
    return {"found": len(found)}


def of_cleaning(job: Job) -> dict[str, Any]:
    """What the page of a cleaning job shows when it is over."""
    return {
        "refused": sorted((job.checkpoint or {}).get("refused", {}).items()),
        "changes": job.params["changes"],
        "list_url": registry[job.params["entity"]].url("list"),
    }


@job_kind(
    CLEANSE,
    gettext_lazy("Clean data"),
    icon="wand",
    template="entities/bulk_job.html",
    context=of_cleaning,
    words={"skipped": gettext_lazy("can't be mended")},
)
def run_cleaning(running: Running) -> dict[str, Any]:
    """Mend batch by batch; a batch commits with the place after it."""
    params = running.params
    cleaner = CLEANERS[params["code"]]
    bound = cleaner.bound(running.job.user)
    if bound is None:
        raise JobError(_("You may not clean this any more."))
    changes = ChangeSet.objects.get(pk=params["changes"])
    for batch in batches(cleaner, bound, params["last"], running.checkpoint.get("after", 0)):
        refused = dict(running.checkpoint.get("refused", {}))
        with running.batch() as step:
            after = batch[-1].pk
            step.updated, step.skipped, fresh = clean(cleaner, batch, actor=running.actor, changes=changes)
            step.failed = sum(fresh.values())
            for said, number in fresh.items():
                refused[said] = refused.get(said, 0) + number
            step.checkpoint = {"after": after, "refused": refused}
    return {"changes": changes.pk}
