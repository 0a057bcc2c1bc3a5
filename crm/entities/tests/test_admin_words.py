"""Django admin in Chinese has no English left where only a screen reader tells."""

import pytest

from customers.loyalty.models import MemberLevel
from marketing.scoring.models import ScoreModel

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client, boss):
    boss.language = "zh-hans"
    boss.save()
    client.force_login(boss)
    return client


@pytest.mark.parametrize(("tell", "word"), [(True, "是"), (False, "否")])
def test_the_icons_of_yes_and_no_are_said(admin, tell, word):
    ScoreModel.objects.create(of="sales.lead", tell=tell)
    page = admin.get("/admin/scoring/scoremodel/").content.decode()
    assert f'alt="{word}"' in page and 'alt="True"' not in page and 'alt="False"' not in page


def test_search_and_colours_are_said(admin):
    MemberLevel.objects.create(name_zh="金卡", threshold=10, colour="amber")
    page = admin.get("/admin/loyalty/memberlevel/").content.decode()
    assert 'alt="搜索"' in page
    assert "琥珀" in page and ">amber<" not in page


def test_a_connection_without_a_sample_shows_none(admin):
    page = admin.get("/admin/inbound/connection/add/").content.decode()
    assert "\nnull</textarea>" not in page and 'name="sample"' in page
