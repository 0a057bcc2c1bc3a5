"""Documents are printed with limits, fetch nothing, and read as they should."""

from __future__ import annotations

import subprocess

import pypdfium2
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from crm.documents import texts
from crm.documents.models import DocumentTemplate, Letterhead
from crm.documents.printing import default_template, html_of, papers, pdf_of, pictures_of, print_html
from sales.quotes.factories import make_quote

LABEL = "quotes.quote"


def words(pdf, page=None):
    document = pypdfium2.PdfDocument(pdf)
    pages = range(len(document)) if page is None else [page]
    return "".join(document[number].get_textpage().get_text_range() for number in pages)


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "found"), [("zh-hans", "人民币玖万伍仟元整"), ("en", "Quotation")])
def test_the_standard_paper_of_quotes_with_a_hundred_lines(language, found):
    Letterhead.objects.create(name="远山泵业有限公司", tax_id="91330200X")
    values = papers[LABEL].sample()
    values["lines"] = values["lines"] * 25
    pdf = print_html(html_of(default_template(LABEL, language), values))
    text = words(pdf)
    pages = len(pypdfium2.PdfDocument(pdf))
    assert found in text
    assert "远山泵业有限公司" in text
    assert 3 <= pages <= 7
    assert f"{pages} / {pages}" in words(pdf, pages - 1)
    assert "�" not in text
    fonts = subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=False)
    if fonts.returncode == 0:
        assert b"Bold" in fonts.stdout, "headings are bold in Chinese too"
    assert pictures_of(pdf, most=1)[0].startswith(b"\x89PNG")


def test_nothing_is_fetched_from_elsewhere(tmp_path, settings):
    secret = tmp_path / "secret.txt"
    secret.write_text("GEHEIM")
    page = f'<a rel="attachment" href="file://{secret}">a</a><link rel="attachment" href="file://{secret}"><object data="file:///etc/passwd"></object><p>da</p>'
    pdf = print_html(page)
    assert b"GEHEIM" not in pdf
    assert b"EmbeddedFile" not in pdf
    assert "da" in words(pdf)


def test_what_people_write_is_no_markup():
    made = texts.fill("<p>{{ a }}</p>", {"a": "<script>x</script>"})
    assert made == "<p>&lt;script&gt;x&lt;/script&gt;</p>"


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in (1..1000000) %}x{% endfor %}",
        "{% for a in (1..9000) %}{% for b in (1..9000) %}x{% endfor %}{% endfor %}",
        "{% if %}",
        "{{ a | nothing }}",
        "{% include 'x' %}",
    ],
)
def test_templates_have_an_end(text):
    with pytest.raises(ValidationError):
        texts.fill(text, {"a": 1})


def test_filters_take_anything():
    values = {"a": "12345.6", "b": "NaN", "c": None, "d": "1e99"}
    made = texts.fill("{{ a | money }} {{ a | capitals }} {{ b | money }} {{ c | capitals }}{{ d | quantity }}", values)
    assert made == "¥12,345.60 人民币壹万贰仟叁佰肆拾伍元陆角整 NaN 1e99"


@pytest.mark.django_db
def test_a_template_of_admins_counts_and_is_previewed(client, boss, rep):
    client.force_login(boss)
    page = client.get(reverse("admin:documents_documenttemplate_add"))
    assert "quote.number" in page.content.decode()
    data = {
        "entity": LABEL,
        "language": "zh-hans",
        "name": "我们的",
        "position": "1",
        "active": "on",
        "css": "p { color: red }",
    }
    shown = client.post(reverse("admin:documents_template_preview"), data | {"body": "<p>{{ quote.number }}</p>"})
    assert shown.status_code == 200
    assert "data:image/png;base64," in shown.content.decode()
    assert client.post(reverse("admin:documents_template_preview"), data | {"body": "{% if %}"}).status_code == 422
    client.post(
        reverse("admin:documents_documenttemplate_add"), data | {"body": "<p>给 {{ customer.name }} 的报价</p>"}
    )
    assert DocumentTemplate.objects.get().name == "我们的"
    quote = make_quote(owner=rep, lines=[{}])
    assert f"给 {quote.account.name} 的报价" in words(pdf_of(quote, boss))
    client.force_login(rep)
    assert client.post(reverse("admin:documents_template_preview"), data).status_code == 302


@pytest.mark.django_db
def test_who_may_not_know_prices_prints_none(rep, grant, field_rule):
    quote = make_quote(owner=rep, lines=[{}])
    grant(rep, LABEL, view=4)
    field_rule(rep, LABEL, "total", "hidden")
    with pytest.raises(PermissionDenied):
        pdf_of(quote, rep)
