"""Installing a pack, bringing it up to date, taking it away: each in one transaction, all of it or nothing."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.packs.declaring import Pack, packs
from crm.packs.models import InstalledPack, InstalledPart
from crm.packs.parts import forgetters, kinds, resolved
from crm.packs.planning import Line, Plan, Verdict, plain, plan_install, plan_uninstall, plan_upgrade
from crm.records.actor import Actor
from crm.records.audit import audit

V = Verdict
LOCK = 0x9AC5


class Refused(Exception):
    """The change can't be made; the message says why and what to do."""


def install(pack: Pack, *, actor: Actor, seen: str = "") -> Plan:
    """Make all parts that are to be added. ``seen`` is the digest of the plan that a person agreed to."""
    with _alone():
        if InstalledPack.objects.filter(code=pack.code).exists():
            raise Refused(_("“%(pack)s” is installed already.") % {"pack": pack})
        plan = _agreed(plan_install(pack), seen)
        installed = InstalledPack.objects.create(code=pack.code, version=pack.version, installed_by=actor.user)
        for line in plan.of(V.ADD):
            _add(line, pack, installed, actor)
        _told("pack_installed", pack.code, plan, actor, version=pack.version)
    return plan


def upgrade(pack: Pack, *, actor: Actor, seen: str = "", erase: Collection[str] = ()) -> Plan:
    """Bring what is installed up to the declaration. What an admin changed stays so; what holds values stays unless ``erase`` names it."""
    with _alone():
        installed = _installed(pack.code)
        plan = _agreed(plan_upgrade(pack, installed), seen)
        for line in plan.of(V.REMOVE, V.HOLDS):
            _leave(line, installed, actor, erase=line.name in erase)
        for line in plan.lines:
            if line.verdict == V.ADD:
                _add(line, pack, installed, actor)
            elif line.settings:
                _change(line, pack, installed, actor)
        installed.version = pack.version
        installed.save(update_fields=["version"])
        _told("pack_upgraded", pack.code, plan, actor, version=pack.version)
    return plan


def uninstall(code: str, *, actor: Actor, keep: Collection[str] = (), seen: str = "") -> Plan:
    """Take away what the pack brought. What ``keep`` names stays, as if it had been made by hand."""
    with _alone():
        installed, pack = _installed(code), packs.get(code)
        _agreed(plan_uninstall(installed, pack), seen)
        plan = plan_uninstall(installed, pack, keep)
        for line in plan.of(V.REMOVE, V.HOLDS):
            if line.held and not line.erasable:
                raise Refused(
                    _("“%(part)s” is used by %(count)d records. Keep it, or move them elsewhere first.")
                    % {"part": line.title, "count": line.held}
                )
            _leave(line, installed, actor, erase=True)
        installed.delete()
        _told("pack_uninstalled", code, plan, actor, kept=[line.name for line in plan.of(V.KEPT)])
    return plan


class _alone:
    """One pack at a time, in one transaction; when it is taken back this process forgets what it read inside of it."""

    def __enter__(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        forget()  # what others did while this one waited, or before this process began

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.atomic.__exit__(kind, error, trace)
        if kind is not None:
            forget()


def forget() -> None:
    """Read every definition anew."""
    for fn in forgetters:
        fn()


def _agreed(plan: Plan, seen: str) -> Plan:
    if seen and plan.digest != seen:
        raise Refused(_("Something has changed since the preview was made. Look at it again."))
    return plan


def _installed(code: str) -> InstalledPack:
    found = InstalledPack.objects.filter(code=code).first()
    if found is None:
        raise Refused(_("The pack is not installed."))
    return found


def _add(line: Line, pack: Pack, installed: InstalledPack, actor: Actor) -> None:
    part = pack.part(line.name)
    assert part is not None and line.kind is not None
    try:
        data = resolved(part.data, pack)
        thing = line.kind.add(data, actor=actor)
        wanted = line.kind.wanted(data)
    except (ValidationError, LookupError) as error:
        raise _refusal(line, error) from error
    InstalledPart.objects.update_or_create(
        pack=installed,
        kind=part.kind,
        key=part.key,
        defaults={
            "ref": str(thing.pk),
            "asked": plain(wanted),
            "said": plain(line.kind.read(thing, wanted.keys())),
            "position": installed.parts.count(),
        },
    )


def _change(line: Line, pack: Pack, installed: InstalledPack, actor: Actor) -> None:
    part = pack.part(line.name)
    assert part is not None and line.kind is not None
    held = installed.parts.get(kind=part.kind, key=part.key)
    thing = line.kind.get(held.ref)
    try:
        wanted = line.kind.wanted(resolved(part.data, pack))
        line.kind.change(thing, line.settings, actor=actor)
    except (ValidationError, LookupError) as error:
        raise _refusal(line, error) from error
    now = line.kind.read(line.kind.get(held.ref), wanted.keys())
    said = {name: now.get(name) if name in line.settings else held.said.get(name) for name in wanted}
    held.asked, held.said = plain(wanted), plain(said)
    held.save(update_fields=["asked", "said"])


def _leave(line: Line, installed: InstalledPack, actor: Actor, *, erase: bool) -> None:
    kind, _colon, key = line.name.partition(":")
    held = installed.parts.get(kind=kind, key=key)
    thing = kinds[kind].get(held.ref)
    if thing is not None and (erase or not line.held):
        try:
            kinds[kind].remove(thing, actor=actor)
        except ValidationError as error:
            raise _refusal(line, error) from error
    held.delete()


def _refusal(line: Line, error: Exception) -> Refused:
    said = error.messages if isinstance(error, ValidationError) else [str(error.args[0])]
    return Refused(_("“%(part)s”: %(problem)s Nothing was changed.") % {"part": line.title, "problem": " ".join(said)})


def _told(action: str, code: str, plan: Plan, actor: Actor, **data: Any) -> None:
    parts = {verdict: [line.name for line in plan.of(Verdict(verdict))] for verdict, _label, _count in plan.counts}
    audit(actor.user, action, pack=code, parts=parts, **data)
