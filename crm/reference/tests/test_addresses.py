"""Addresses as people write them lead to a province or city, or to none where they might mean several."""

import pytest

from crm.reference.addresses import forget, read_address
from crm.reference.loading import load_regions
from crm.reference.models import Region

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(db):
    load_regions(Region)
    forget()
    yield
    forget()


@pytest.mark.parametrize(
    ("text", "region", "district"),
    [
        ("江苏省苏州市工业园区星湖街 328 号", "苏州市", ""),
        ("苏州市姑苏区干将东路 1 号", "苏州市", "姑苏区"),
        ("江苏 苏州 昆山 前进路 8 号", "苏州市", "昆山市"),
        ("昆山市前进路 8 号", "苏州市", "昆山市"),
        ("北京市海淀区中关村大街 27 号", "北京市", "海淀区"),
        ("北京海淀中关村", "北京市", "海淀区"),
        ("北京市北京市朝阳区建国路", "北京市", "朝阳区"),
        ("上海浦东新区世纪大道 100 号", "上海市", "浦东新区"),
        ("浦东新区世纪大道 100 号", "上海市", "浦东新区"),
        ("廣東省深圳市南山區科技園", "深圳市", "南山区"),
        ("广西壮族自治区南宁市青秀区", "南宁市", "青秀区"),
        ("广西南宁青秀", "南宁市", "青秀区"),
        ("内蒙古呼和浩特市", "呼和浩特市", ""),
        ("新疆维吾尔自治区乌鲁木齐市天山区", "乌鲁木齐市", "天山区"),
        ("吉林省吉林市船营区", "吉林市", "船营区"),
        ("吉林省长春市朝阳区", "长春市", "朝阳区"),
        ("浙江省西湖区文三路", "杭州市", "西湖区"),
        ("浙江省某某路 1 号", "浙江省", ""),
        ("　中国·湖北省，武汉市 洪山区珞喻路", "武汉市", "洪山区"),
        ("430070湖北武汉洪山区", "武汉市", "洪山区"),
    ],
)
def test_an_address_leads_to_its_region(text, region, district):
    found = read_address(text)
    assert (found.name, found.district) == (region, district)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "朝阳区建国路 1 号",
        "南京路 100 号",
        "中山东一路 5 号",
        "北京路 3 号",
        "西湖区文三路",
        "某某大厦 3 楼",
        "1600 Amphitheatre Pkwy",
    ],
)
def test_what_may_mean_several_places_leads_to_none(text):
    assert read_address(text) is None
