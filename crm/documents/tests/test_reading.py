"""Documents are found by what is written in them, by who sees them; what can't be read costs nobody anything."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from django.core.files.base import ContentFile

from crm.access.models import Scope
from crm.documents import keeping
from crm.documents.factories import make_document
from crm.documents.printing import print_html
from crm.documents.reading import LETTERS, read_waiting
from crm.records.actor import Actor
from crm.search.services import search
from sales.factories import make_opportunity

pytestmark = pytest.mark.django_db
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(text, head=""):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as parts:
        body = (
            f'{head}<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>'
        )
        parts.writestr("word/document.xml", body)
    return made.getvalue()


def xlsx(text):
    book, made = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["编号", text])
    book.save(made)
    return made.getvalue()


@pytest.fixture
def reader(rep, grant):
    grant(rep, "documents.document", view=Scope.OWN, change=Scope.OWN)
    grant(rep, "sales.opportunity", view=Scope.OWN)
    return rep


def found(user, query):
    return [hit.record for hit in search(user, query)]


def test_words_of_every_kind_of_file_find_it_for_who_sees_it(reader, other, make_user, grant):
    quiet = make_user("quiet")
    grant(quiet, "documents.document", view=Scope.OWN)
    contents = {
        "a.pdf": print_html("<p>离心泵招标文件</p>"),
        "b.docx": docx("螺杆压缩机说明"),
        "c.xlsx": xlsx("不锈钢法兰清单"),
        "d.txt": "变频控制柜备注".encode("gb18030"),
    }
    made = {name: make_document(reader, name, content) for name, content in contents.items()}
    theirs = make_document(other, "e.txt", "离心泵底价".encode())
    hung = make_document(reader, "f.txt", "离心泵图纸".encode(), record=make_opportunity(owner=other))
    assert found(reader, "离心泵") == []
    assert read_waiting() == 6
    assert read_waiting() == 0
    for query, name in (("招标文件", "a.pdf"), ("压缩机", "b.docx"), ("法兰清单", "c.xlsx"), ("控制柜", "d.txt")):
        assert found(reader, query) == [made[name]]
    assert found(reader, "离心泵") == [made["a.pdf"]]
    assert found(other, "离心泵") == found(quiet, "离心泵") == []
    grant(other, "documents.document", view=Scope.OWN)
    grant(other, "sales.opportunity", view=Scope.OWN)
    other.__dict__.pop("_access", None)
    assert set(found(other, "离心泵")) == {theirs, hung}


def test_a_rule_on_the_text_hides_what_it_finds(reader, field_rule):
    document = make_document(reader, "d.txt", "变频控制柜备注".encode())
    read_waiting()
    assert found(reader, "控制柜") == [document]
    field_rule(reader, "documents.document", "words", "hidden")
    assert found(reader, "控制柜") == []


def test_a_new_version_and_the_trash(reader):
    document = make_document(reader, "d.txt", "变频控制柜".encode())
    read_waiting()
    document = keeping.add_version(document, ContentFile("螺杆压缩机".encode(), name="d.txt"), actor=Actor(reader))
    assert read_waiting() == 1
    assert found(reader, "控制柜") == [] and found(reader, "压缩机") == [document]
    version = type(document).objects.get(pk=document.pk).version
    assert version == document.version


def test_what_is_hostile_or_broken_is_read_as_nothing(reader):
    bombs = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 10))
    bomb = docx("&b9;", f'<!DOCTYPE x [<!ENTITY b0 "ha">{bombs}]>')
    for name, content in (("a.docx", bomb), ("b.xlsx", b"PK no"), ("c.pdf", b"%PDF-1.4"), ("d.exe", b"MZ words")):
        make_document(reader, name, content)
    long = make_document(reader, "e.txt", ("泵" * 3 * LETTERS).encode())
    assert read_waiting() == 5
    long.refresh_from_db(fields=["words"])
    assert len(long.words) == LETTERS
    assert type(long)._base_manager.exclude(words="").get() == long
