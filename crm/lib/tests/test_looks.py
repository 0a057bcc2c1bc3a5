"""What values look like in words and signs."""

import datetime

from django.utils import timezone, translation

from crm.lib import looks


def test_faces_keep_their_colour_and_letter():
    assert looks.hue("北辰重工") == looks.hue("北辰重工") and 0 <= looks.hue("x") < looks.HUES
    assert looks.initial("（上海）恒信") == "上" and looks.initial("hengst") == "H" and looks.initial("—") == "·"


def test_relative_time_in_words():
    now = timezone.make_aware(datetime.datetime(2026, 11, 22, 12, 0))
    with translation.override("en"):
        assert looks.relative_time(now.replace(hour=9), now) == "today 09:00"
        assert looks.relative_time(now - datetime.timedelta(days=1), now) == "yesterday"
        assert looks.relative_time(datetime.date(2026, 11, 24), now) == "in 2 days"
        assert looks.relative_time(datetime.date(2025, 1, 2), now) == "2025-01-02"
        assert looks.relative_time(datetime.date(2026, 5, 3), now) == "May 3"
    with translation.override("zh-hans"):
        assert looks.relative_time(datetime.date(2026, 5, 3), now) == "5月3日"
    assert looks.relative_time(None) == ""


def test_links_people_typed_are_web_links_or_nothing():
    assert looks.safe_url("example.com/a:b") == "https://example.com/a:b"
    assert looks.safe_url("javascript:alert(1)") == "" and looks.safe_url("data:text/html,x") == ""


def test_web_addresses_are_shown_short():
    assert looks.bare_url("https://www.example.com/") == "example.com" and looks.bare_url(None) == ""
