"""Making the people of a team the hosts of a page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import policy
from crm.access.models import Scope
from crm.access.snapshot import access_of
from crm.records import services as records
from crm.records.actor import Actor
from crm.users.models import Team, User
from marketing.booking.models import BookingHost, BookingPage
from sales.forms import VerbForm

LABEL = "activities.task"


class TeamForm(VerbForm):
    """Which team: one's own, or any for who gives work to everybody."""

    team = forms.ModelChoiceField(Team.objects.none(), label=gettext_lazy("Team"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everybody = access_of(self.user).scope(LABEL, "assign") == Scope.ALL
        self.fields["team"].queryset = Team.objects.all() if everybody else Team.objects.filter(members=self.user)

    def clean_team(self) -> Team:
        """A team of whom somebody may be given meetings."""
        team = self.cleaned_data["team"]
        if not hosts_among(team, self.user):
            raise forms.ValidationError(_("You may not give tasks to anybody of this team."))
        return team


def hosts_among(team: Team, user: Any) -> list[User]:
    """The people of a team to whom ``user`` may give meetings."""
    people = team.members.filter(is_active=True).order_by("name", "pk")
    return [person for person in people if person == user or policy.can_assign(user, LABEL, person)]


@transaction.atomic
def add_team(page: BookingPage, *, actor: Actor, team: Team) -> BookingPage:
    """Add those of a team who are no hosts yet, as far as ``actor`` may give them meetings."""
    there = page.hosts.filter(deleted_at__isnull=True)
    known = set(there.values_list("user", flat=True))
    new = [person for person in hosts_among(team, actor.user) if person.pk not in known]
    first = len(known)
    rows = [BookingHost(page=page, owner=page.owner, user=person, position=first + n) for n, person in enumerate(new)]
    records.save_many(rows, actor=actor)
    return page
