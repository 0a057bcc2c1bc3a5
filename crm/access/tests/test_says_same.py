"""A rule on a field closes those that say the same."""

import pytest

from crm.access.models import Scope
from crm.entities.bound import bind
from crm.entities.entity import registry
from customers.factories import make_contact

pytestmark = pytest.mark.django_db
BIRTHDAYS = ["birthday", "lunar_birthday", "next_birthday_on"]


def modes(user):
    bound = bind(registry["customers.contact"], user)
    return {field.name: field.mode for field in bound.visible(BIRTHDAYS)}


@pytest.mark.parametrize("mode", ["masked", "hidden"])
def test_no_birthday_shows_by_another_name(client, rep, grant, field_rule, mode):
    grant(rep, "customers.contact", view=Scope.OWN, change=Scope.OWN)
    contact = make_contact(owner=rep, birthday="1990-03-05", lunar_birthday="八月十五")
    client.force_login(rep)
    assert "八月十五" in client.get(f"/customers/contacts/{contact.pk}/").content.decode()
    field_rule(rep, "customers.contact", "birthday", mode)
    page = client.get(f"/customers/contacts/{contact.pk}/").content.decode()
    assert "八月十五" not in page and "1990" not in page
    bound = bind(registry["customers.contact"], rep)
    assert not bound.readable(BIRTHDAYS)
    answer = client.get("/customers/contacts/?next_birthday_on=today")
    assert answer.status_code == 422


def test_the_stricter_of_two_rules_counts(rep, grant, field_rule):
    grant(rep, "customers.contact", view=Scope.OWN)
    field_rule(rep, "customers.contact", "birthday", "masked")
    field_rule(rep, "customers.contact", "lunar_birthday", "hidden")
    assert modes(rep) == {"birthday": "masked"}
