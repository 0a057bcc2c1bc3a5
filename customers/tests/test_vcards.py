"""The card of a person holds what its reader may know, and comes back as the same person."""

import pytest

from crm.access.models import Scope
from crm.exchange.reading.table import open_table
from crm.records.models import AuditEvent
from customers.factories import make_account, make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture
def wang(rep):
    account = make_account(name="远山科技; 华东,分公司", owner=rep)
    values = {"job_title": "采购总监\n(华东)", "mobile": "13912345678", "email": "wang@example.com", "wechat": "wxc"}
    return make_contact(name="王小川", account=account, owner=rep, address="上海市南京西路1号" * 6, **values)


def test_it_comes_back_as_the_same_person(client, rep, grant, wang, tmp_path):
    grant(rep, "customers.contact", view=Scope.OWN, export=Scope.OWN)
    grant(rep, "customers.account", view=Scope.OWN)
    client.force_login(rep)
    answer = client.get(f"/customers/contacts/{wang.pk}/card.vcf")
    assert answer["Content-Type"].startswith("text/vcard") and "attachment" in answer["Content-Disposition"]
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    (tmp_path / "w.vcf").write_bytes(answer.content)
    table = open_table(tmp_path / "w.vcf")
    [(_line, cells)] = list(table.rows)
    assert cells[:4] == ["王小川", "远山科技; 华东,分公司", "采购总监\n(华东)", "13912345678"]
    assert (cells[6], cells[8], cells[9]) == ("wang@example.com", "wxc", "上海市南京西路1号" * 6)
    assert AuditEvent.objects.get(action="exported").record_ids == [wang.pk]


def test_it_asks_for_the_right_and_leaves_out_what_is_guarded(client, rep, grant, wang, field_rule):
    client.force_login(rep)
    grant(rep, "customers.contact", view=Scope.OWN)
    assert client.get(f"/customers/contacts/{wang.pk}/card.vcf").status_code == 404
    grant(rep, "customers.contact", export=Scope.OWN)
    field_rule(rep, "customers.contact", "mobile", "masked")
    field_rule(rep, "customers.contact", "email", "hidden")
    card = client.get(f"/customers/contacts/{wang.pk}/card.vcf").content.decode()
    assert "139" not in card and "wang@" not in card and "X-WECHAT:wxc" in card
