"""Mails as the world writes them: every charset, wrong declarations, odd names, reports, rubbish."""

from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.messaging.mime.headers import bare_subject
from crm.messaging.mime.html import shown
from crm.messaging.mime.parse import Poison, parse

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TEXT = "尊敬的客户：贵公司所订购的离心泵已经发货，请注意查收。谢谢！"
TRADITIONAL = "尊敬的客戶：貴公司所訂購的離心泵已經發貨，請注意查收。謝謝！"


def mail(body=b"hello", *, subject="Hi", charset="utf-8", extra="", kind="text/plain"):
    head = (
        f"From: Li Wei <li@example.com>\r\nTo: us@example.org\r\nSubject: {subject}\r\nMessage-ID: <m1@example.com>\r\n"
        f"Date: Sat, 21 Nov 2026 10:00:00 +0800\r\nMIME-Version: 1.0\r\n{extra}"
        f"Content-Type: {kind}; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return head.encode("utf-8", "surrogateescape") + body


def words(text, charset, encoding="B"):
    return f"=?{charset}?{encoding}?{b64encode(text.encode(charset)).decode()}?="


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gbk", "gb18030", "hz"])
def test_text_in_its_charset(charset):
    assert parse(mail(TEXT.encode(charset), charset=charset), NOW).text == TEXT


def test_big5():
    assert parse(mail(TRADITIONAL.encode("big5"), charset="big5"), NOW).text == TRADITIONAL


def test_gb2312_that_is_really_gb18030():
    text = "镕基、㐂、朱镕基先生和𠮷野家"
    assert parse(mail(text.encode("gb18030"), charset="gb2312"), NOW).text == text


@pytest.mark.parametrize("real", ["utf-8", "gb18030"])
@pytest.mark.parametrize("declared", ["us-ascii", "iso-8859-1", "utf-8", "x-unknown", "base64", '"', "gb2312"])
def test_a_wrong_declaration(declared, real):
    if declared == "gb2312" and real == "utf-8":
        pytest.skip("UTF-8 bytes are mostly valid GB 18030: nothing tells them apart for certain")
    assert parse(mail(TEXT.encode(real), charset=declared), NOW).text == TEXT


def test_latin_stays_latin():
    assert parse(mail("Grüße aus Köln, façade".encode("latin-1"), charset="iso-8859-1"), NOW).text == (
        "Grüße aus Köln, façade"
    )


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "gb18030"])
def test_subject_in_encoded_words(charset):
    assert parse(mail(subject=words("报价单", charset)), NOW).subject == "报价单"


def test_subject_cut_in_the_middle_of_a_character():
    data = "关于离心泵的报价".encode()
    half = f"=?utf-8?B?{b64encode(data[:7]).decode()}?=\r\n =?utf-8?B?{b64encode(data[7:]).decode()}?="
    assert parse(mail(subject=half), NOW).subject == "关于离心泵的报价"


def test_subject_as_bare_bytes():
    raw = "报价单".encode("gb18030").decode("utf-8", "surrogateescape")
    assert parse(mail(subject=raw), NOW).subject == "报价单"
    assert parse(mail(subject="报价单"), NOW).subject == "报价单"


def test_sender_name_in_encoded_words_with_a_comma():
    data = mail().replace(
        b"Li Wei <li@example.com>", b'"' + words("王, 小明", "gbk").encode() + b'" <Wang@Example.COM>'
    )
    assert tuple(parse(data, NOW).sender) == ("王, 小明", "wang@example.com")


def attachment(header):
    return parse(
        mail(
            b"--b\r\nContent-Type: text/plain\r\n\r\nbody\r\n--b\r\n" + header + b"\r\n\r\nUERG\r\n--b--",
            kind='multipart/mixed; boundary="b"',
        ),
        NOW,
    )


@pytest.mark.parametrize(
    "header",
    [
        f"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*=utf-8''{quote('合同.pdf')}",
        f"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*=gb18030''{quote('合同.pdf'.encode('gb18030'))}",
        f"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*0*=utf-8''{quote('合')}; filename*1*={quote('同')}; filename*2=.pdf",
        f'Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="{words("合同.pdf", "gbk")}"',
        f'Content-Type: application/pdf; name="{words("合同.pdf", "utf-8")}"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment',
    ],
)
def test_names_of_attachments(header):
    found = attachment(header.encode())
    assert [(a.name, a.data) for a in found.attachments] == [("合同.pdf", b"PDF")]
    assert found.text == "body"


def test_a_name_in_bare_gbk_bytes_and_a_path():
    header = (
        b'Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="../'
        + "合同".encode("gbk")
        + b'.pdf"'
    )
    assert attachment(header).attachments[0].name == ".._合同.pdf"


def test_html_is_cleaned_and_read():
    html = (
        '<html><head><style>p{}</style><title>t</title></head><body onload="x()"><p>您好，<b>王总</b></p><script>alert(1)</script>'
        '<p style="color:red">报价<br>见附件</p><img src="https://spy.example/1.gif" onerror="x()"><img src="cid:logo">'
        '<a href="javascript:alert(1)">a</a><a href="https://example.com/">b</a><iframe src="x"></iframe><form action="/x"><input></form></body></html>'
    )
    found = parse(mail(html.encode(), kind="text/html"), NOW)
    assert found.text.splitlines()[:4] == ["您好，王总", "", "报价", "见附件"]
    assert found.remote_images == 1
    for bad in ("script", "onload", "onerror", "style", "javascript", "iframe", "<form", "<input"):
        assert bad not in found.html
    safe = shown(found.html, lambda src: "/mail/cid/" if src == "cid:logo" else None)
    assert "spy.example" not in safe
    assert 'src="/mail/cid/"' in safe


def test_a_bounce_after_the_standard():
    data = (
        "From: MAILER-DAEMON@mx.example.com\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; Nobody@Example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        "From: us@example.org\r\nMessage-ID: <sent-1@example.org>\r\n\r\n--b--\r\n"
    )
    bounce = parse(data.encode(), NOW).bounce
    assert bounce == type(bounce)("sent-1@example.org", "nobody@example.com", "5.1.1", "550 5.1.1 no such user", True)


def test_a_delay_is_not_final_and_a_receipt_is_no_bounce():
    def report(action):
        return parse(
            b'From: postmaster@x.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
            b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822;a@b.example\r\nAction: "
            + action
            + b"\r\nStatus: 4.2.2\r\n\r\n--b--\r\n",
            NOW,
        ).bounce

    assert report(b"delayed").final is False
    assert report(b"delivered") is None


def test_a_bounce_in_words():
    body = "很抱歉，您的邮件未能送达 wang@example.com\n原因：550 5.1.1 用户不存在\n\nMessage-ID: <sent-2@example.org>\n"
    data = mail(body.encode(), extra="Return-Path: <>\r\n").replace(
        b"Li Wei <li@example.com>", b"<postmaster@qq.example>"
    )
    bounce = parse(data, NOW).bounce
    assert (bounce.original_id, bounce.recipient, bounce.code) == ("sent-2@example.org", "wang@example.com", "5.1.1")
    assert "用户不存在" in bounce.reason


@pytest.mark.parametrize(
    "extra", ["Auto-Submitted: auto-replied\r\n", "Precedence: bulk\r\n", "X-Autoreply: yes\r\n", "List-Id: <x>\r\n"]
)
def test_what_programs_wrote(extra):
    assert parse(mail(extra=extra), NOW).automatic
    assert not parse(mail(extra="Auto-Submitted: no\r\n"), NOW).automatic


def test_an_absence_note_by_its_subject():
    assert parse(mail(subject="自动回复：报价"), NOW).automatic


def test_a_date_that_cannot_be():
    for date in (b"Date: nonsense", b"Date: Sat, 21 Nov 2099 10:00:00 +0800", b"Date: Sat, 31 Feb 2026 99:00:00 +9999"):
        assert parse(mail().replace(b"Date: Sat, 21 Nov 2026 10:00:00 +0800", date), NOW).sent_at == NOW


def test_subjects_of_one_thread():
    assert {bare_subject(s) for s in ("报价", "Re: 报价", "回复：报价", "答复: RE: Fwd: 报价", "Re[2]: 报价")} == {
        "报价"
    }


def test_poison():
    with pytest.raises(Poison):
        parse(b"", NOW)
    many = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 600
    with pytest.raises(Poison):
        parse(mail(many, kind='multipart/mixed; boundary="b"'), NOW)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_rubbish_never_breaks_anything_but_by_name(data):
    for whole in (
        data,
        mail(data),
        mail(data, kind='multipart/mixed; boundary="b"'),
        b"Subject: " + data + b"\r\n" + mail(),
    ):
        try:
            found = parse(whole, NOW)
        except Poison:
            continue
        for text in (found.text, found.subject, found.html):
            text.encode()
            assert "\x00" not in text
