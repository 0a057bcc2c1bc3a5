import shutil

import pytest

from crm.embedded import translations

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'


@pytest.fixture
def gaps(tmp_path):
    """The gaps of a catalogue with these entries."""
    path = tmp_path / "django.po"

    def check(entries):
        path.write_text(HEAD + entries, encoding="utf-8")
        return translations.gaps(path)

    return check


def test_a_complete_catalogue_has_no_gaps(gaps):
    assert gaps('msgid "%(n)s of %(total)s"\nmsgstr "共 %(total)s，第 %(n)s"\n') == []
    assert gaps('msgid "%(n)s row"\nmsgid_plural "%(n)s rows"\nmsgstr[0] "%(n)s 行"\n') == []
    assert gaps('#~ msgid "gone"\n#~ msgstr ""\n') == []


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('msgid "Name"\nmsgstr ""\n', "not translated: 'Name'"),
        ('#, fuzzy\nmsgid "Name"\nmsgstr "名称"\n', "only guessed"),
        ('msgid "%(n)s rows"\nmsgstr "%(m)s 行"\n', "placeholders differ (%(m)s, %(n)s)"),
        ('msgid "{n} row"\nmsgid_plural "{n} rows"\nmsgstr[0] "{x} 行"\n', "placeholders differ ({x})"),
    ],
)
def test_a_gap_is_named_with_its_reason(gaps, entry, reason):
    (found,) = gaps(entry)
    assert reason in found


@pytest.mark.skipif(not shutil.which("xgettext"), reason="xgettext is missing (Debian: apt-get install gettext)")
def test_a_text_that_no_catalogue_knows_is_found(tmp_path):
    app = tmp_path / "customers"
    app.mkdir()
    (app / "models.py").write_text('label = _("A text of its own")\n')
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text('{% load i18n %}{% translate "Another text" %}')
    found = "\n".join(translations.check(tmp_path))
    assert "'A text of its own'" in found and "'Another text'" in found
    assert not list(tmp_path.rglob("*.po"))  # the project itself is not written to
