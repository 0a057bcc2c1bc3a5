"""“意向” is a rating only where its values grade: else the column is kept beside the record, not forced into one."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.exchange.importing.proposal import look_like_levels
from crm.exchange.models import Import

pytestmark = pytest.mark.django_db


def proposed(client, user, heading, *values):
    client.force_login(user)
    lines = "\n".join(f"线索{n},{value}" for n, value in enumerate(values))
    file = SimpleUploadedFile("leads.csv", f"姓名,{heading}\n{lines}\n".encode())
    client.post("/import/sales.lead/", {"file": file})
    return Import.objects.latest("pk").mapping[1]["to"]


@pytest.mark.parametrize(
    ("heading", "values", "to"),
    [
        ("意向", ("高", "中", "低"), "field:rating"),
        ("意向度", ("A", "B", "C", ""), "field:rating"),
        ("购买意向", ("很高", "一般"), "field:rating"),
        ("意向", ("水泵", "远程监控"), "extra"),
        ("意向", ("高", "想买两台水泵"), "extra"),
        ("意向", ("", ""), "extra"),
        ("热度", ("水泵",), "field:rating"),
    ],
)
def test_it_is_a_rating_only_where_the_values_are_levels(client, boss, heading, values, to):
    assert proposed(client, boss, heading, *values) == to


@pytest.mark.parametrize("text", ["高", "中", "低", "A", "b+", "高意向", "A级", "3星", "★★★", "Hot", "非常高", "Ｂ"])
def test_levels(text):
    assert look_like_levels([text, ""])


@pytest.mark.parametrize("text", ["水泵", "高压泵", "中国", "ABC", "12", "高新区", "北京"])
def test_no_levels(text):
    assert not look_like_levels([text])
