"""Forty personal values of one person, planted wherever the program keeps anything."""

from __future__ import annotations

import base64
import io
import json
from datetime import date
from urllib.parse import quote

import openpyxl
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from crm.access.models import RecordShare
from crm.activities.models import FollowUp, Task
from crm.approvals.models import ApprovalInstance, ApprovalProcess, ProcessVersion
from crm.customfields.services import define_field
from crm.entities.entity import registry
from crm.entities.models import SavedView
from crm.exchange.models import Import
from crm.files.services import add_version, store_content
from crm.jobs.models import Job, JobFile
from crm.messaging.models import MailDraft, MailSetAside, PhoneCall, SmsProvider, Telephony, TextMessage
from crm.messaging.polling import poll
from crm.notifications.models import Notification
from crm.privacy.consent import note_consent
from crm.privacy.models import ConsentPurpose, ConsentText
from crm.records import services as records
from crm.records.actor import Actor
from crm.records.audit import audit
from crm.records.models import Delivery, Entry, Outgoing
from crm.workflows.models import Rule, RuleRun, RuleVersion
from customers.factories import make_account, make_contact
from customers.models import Contact
from sales.factories import make_lead, make_opportunity

NAME, FORMER, LATIN = "欧阳鹊桥", "欧阳初晴", "Quebridge Ouyang"
MOBILE, PHONE, PHONE2, OLD_MOBILE, LEAD_MOBILE = (
    "13761940283",
    "021-58827461",
    "18917735502",
    "15026639174",
    "13391047756",
)
EMAIL, EMAIL2, OLD_EMAIL, LEAD_EMAIL = (
    "queqiao@magpie.example",
    "oy.private@magpie.example",
    "chuqing@old.example",
    "lead.oy@magpie.example",
)
WECHAT, LEAD_WECHAT, OPENID = "wx_magpie_77", "wx_lead_oy_9", "oQ7magpieOpenid55"
ADDRESS = "上海市静安区鹊桥弄七号九零二室"
BIRTHDAY, IDENTITY, BANK, PASSPORT = "1931-02-13", "310106193102130029", "6222021001999988776", "EJ7391042"
EXTRA_MAIL = "extra.column@magpie.example"
FREE = [f"只关于此人的话{n:02}号" for n in range(1, 21)]
VALUES = [
    NAME, FORMER, MOBILE, PHONE, PHONE2, OLD_MOBILE, LEAD_MOBILE, EMAIL, EMAIL2, OLD_EMAIL, LEAD_EMAIL, WECHAT,
    LEAD_WECHAT, OPENID, ADDRESS, BIRTHDAY, IDENTITY, BANK, PASSPORT, EXTRA_MAIL, *FREE,
]  # fmt: skip


def spellings(value: str) -> list[bytes]:
    """How a value may stand in a dump or a file."""
    found = {value, value.lower(), quote(value), json.dumps(value)[1:-1]}
    if value.replace("-", "").isdigit() and len(value) in (11, 12):
        plain = value.replace("-", "")
        found |= {plain, plain.lstrip("0"), f"{plain[:3]} {plain[3:7]} {plain[7:]}"}
    texts = [one.encode() for one in found] + [value.encode("gb18030"), value.encode("utf-16-le")]
    texts += [one.hex().encode() for one in texts]  # as a dump shows bytes
    return [*texts, base64.b64encode(value.encode()).rstrip(b"=")[:-1]]


def plant(owner, boss, client, account, inbox) -> Contact:
    """Everything, by the front door where there is one."""
    actor = Actor(owner, "request:1")
    contact = _contact(owner, boss, actor)
    _beside(contact, owner, actor)
    _elsewhere(contact, owner, actor)
    _mail(contact, owner, account, inbox)
    _files(contact, actor)
    _work(contact, owner, boss, actor)
    _imported(client, boss, contact)
    return contact


def _contact(owner, boss, actor):
    admin = Actor(boss, "test")
    for kind, code, label in (
        ("sealed", "id_no", "身份证号"),
        ("text", "bank_card", "银行卡号"),
        ("text", "openid", "OpenID"),
        ("sealed", "passport", "护照"),
        ("longtext", "habits", "习惯"),
    ):
        define_field("customers.contact", kind, code, label, actor=admin)
    contact = make_contact(
        owner=owner, name=FORMER, mobile=OLD_MOBILE, email=OLD_EMAIL, birthday=date.fromisoformat(BIRTHDAY)
    )
    contact = Contact.objects.get(pk=contact.pk)
    contact.name, contact.mobile, contact.phone, contact.phone2 = NAME, MOBILE, PHONE, PHONE2
    contact.email, contact.email2, contact.wechat, contact.address = EMAIL, EMAIL2, WECHAT, ADDRESS
    contact.description, contact.job_title = FREE[0], FREE[1]
    contact.extras = {"备用邮箱": EXTRA_MAIL, "备注": FREE[2]}
    contact.custom = {"bank_card": BANK, "openid": OPENID, "habits": FREE[3]}
    for name, value in (("custom.id_no", IDENTITY), ("custom.passport", PASSPORT)):
        registry["customers.contact"].field(name).put(contact, value)
    records.save(contact, actor=actor, changes=records.change_set("bulk", actor=actor, title=NAME))
    return Contact.objects.get(pk=contact.pk)


def _beside(contact, owner, actor):
    label = contact.entity_label()
    lead = make_lead(
        owner=owner,
        name=NAME,
        mobile=MOBILE,
        email=LEAD_EMAIL,
        wechat=LEAD_WECHAT,
        phone=LEAD_MOBILE,
        description=FREE[4],
    )
    assert lead.pk
    follow = FollowUp(owner=owner, on_entity=label, on_id=contact.pk, text=FREE[5])
    records.save(follow, actor=actor)
    records.save(Task(owner=owner, on_entity=label, on_id=contact.pk, subject=FREE[6], description=MOBILE), actor=actor)
    store_content(FREE[7].encode(), f"{FREE[8]}.txt", record=follow, actor=actor)
    RecordShare.objects.create(entity=label, record_id=contact.pk, user=owner, reason=FREE[9])
    provider = SmsProvider.objects.create(name="sms", url="https://sms.example/")
    TextMessage.objects.create(
        provider=provider, key="k1", entity=label, record_id=contact.pk, number=f"+86{MOBILE}", text=FREE[10]
    )
    telephony = Telephony.objects.create(name="tel")
    PhoneCall.objects.create(
        telephony=telephony,
        call_id="c1",
        number=MOBILE,
        entity=label,
        record_id=contact.pk,
        recording="https://x.example/" + FREE[11],
    )
    PhoneCall.objects.create(telephony=telephony, call_id="c2", number=f"0086{MOBILE}")
    Outgoing.objects.create(
        kind="mail", key="o1", payload={"to": EMAIL, "text": FREE[12]}, entity=label, record_id=contact.pk
    )
    Outgoing.objects.create(kind="http", key="o2", payload={"json": {"phone": int(MOBILE), NAME: 1}})
    purpose = ConsentPurpose.objects.create(code="news2", name_zh="资讯", name_en="News")
    ConsentText.objects.create(purpose=purpose, version=1, text_zh="同意", text_en="I agree")
    note_consent(contact, purpose, ["email"], True, source="展会", proof=FREE[13], address="203.0.113.77", actor=actor)


def _elsewhere(contact, owner, actor):
    account = make_account(
        owner=owner, name="鹊桥会展公司", description=f"对接人{NAME}，手机 +86 137-6194-0283，邮箱 {EMAIL.upper()}"
    )
    make_opportunity(owner=owner, name=f"给{NAME}的方案", account=account)
    other = make_contact(owner=owner, name="赵同事", description=f"{NAME} 的同事，微信 {WECHAT}，身份证 {IDENTITY}")
    records.save(
        FollowUp(
            owner=owner,
            on_entity="customers.contact",
            on_id=other.pk,
            text=f"问过 {NAME} {OLD_MOBILE} {PASSPORT} {BANK}",
        ),
        actor=actor,
    )
    Notification.objects.create(
        user=owner,
        kind="x",
        entity="customers.account",
        record_id=account.pk,
        text=f"{NAME} called",
        url=f"/search/?q={quote(NAME)}",
        data={"who": [NAME, EMAIL2]},
    )
    audit(owner, "exported", entity="customers.contact", query=f"q={quote(NAME)}&mobile={MOBILE}")
    SavedView.objects.create(
        user=owner,
        entity="customers.contact",
        name=NAME,
        where={"all": [{"field": "name", "op": "is", "value": [NAME]}]},
    )
    LogEntry.objects.create(
        user=owner,
        object_id="1",
        object_repr=NAME,
        action_flag=2,
        change_message=json.dumps([{"changed": {"name": NAME}}]),
    )
    entry = Entry.objects.filter(entity="customers.account").first()
    Delivery.objects.create(
        entry_id=entry.pk,
        entry_at=entry.at,
        entity="customers.account",
        record_id=account.pk,
        subscriber="s",
        error=f"no {OPENID}",
    )


def _mail(contact, owner, account, inbox):
    picture = base64.b64encode(FREE[14].encode()).decode()
    body = f"{NAME} {PHONE2} {FREE[15]}"
    inbox.add(
        f"From: {LATIN} <{EMAIL}>\nTo: li@example.com\nSubject: {FREE[16]}\nMessage-ID: <a@magpie.example>\n"
        "Date: Sat, 21 Nov 2026 10:00:00 +0800\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
        f"Content-Type: text/plain; charset=utf-8\n\n{body}\n--b\nContent-Type: text/plain; name=a.txt\n"
        f"Content-Disposition: attachment; filename=a.txt\nContent-Transfer-Encoding: base64\n\n{picture}\n--b--\n".encode()
    )
    inbox.add(
        f"From: X <x@elsewhere.example>\nTo: li@example.com, {EMAIL2}\nSubject: cc\nMessage-ID: <c@elsewhere.example>\n"
        f"Date: Sat, 21 Nov 2026 10:01:00 +0800\nContent-Type: text/html; charset=utf-8\n\n<p>{NAME} {ADDRESS}</p>\n".encode()
    )
    assert poll(account.pk) == 2
    MailSetAside.objects.create(
        account=account,
        folder="INBOX",
        uidvalidity=9,
        uid=9,
        reason=f"bad {EMAIL}",
        raw=f"From: {EMAIL}\n\n{FREE[17]}".encode(),
    )
    MailDraft.objects.create(
        writer=owner,
        account=account,
        to=EMAIL,
        subject=NAME,
        body=FREE[18],
        entity=contact.entity_label(),
        record_id=contact.pk,
    )
    MailDraft.objects.create(writer=owner, account=account, to=f"{LATIN} <{EMAIL}>", subject="hi")


def _files(contact, actor):
    image = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(image, "PNG", pnginfo=None)
    file = store_content(image.getvalue(), "p.png", record=contact, actor=actor)
    add_version(file, SimpleUploadedFile("p2.txt", FREE[19].encode()), actor=actor)


def _work(contact, owner, boss, actor):
    label = contact.entity_label()
    book = openpyxl.Workbook()
    book.active.append([NAME, MOBILE, EMAIL])
    sheet = io.BytesIO()
    book.save(sheet)
    job = Job.objects.create(
        kind="exchange.export",
        title=f"导出 {NAME}",
        user=owner,
        state="done",
        params={"q": MOBILE},
        result={"who": NAME},
    )
    for name, data in ((f"{NAME}.csv", f"{NAME},{MOBILE}".encode("gb18030")), ("a.xlsx", sheet.getvalue())):
        made = JobFile(job=job, name=name, content_type="text/csv", size=len(data))
        made.file.save(name, ContentFile(data), save=True)
    rule = Rule.objects.create(entity=label, name="r", principal=boss)
    asked = {"all": [{"field": "mobile", "op": "is", "value": MOBILE}]}
    version = RuleVersion.objects.create(
        rule=rule, number=1, condition=asked, steps=[{"do": "effect", "params": {"subject": f"问 {NAME}"}}], note=EMAIL
    )
    RuleRun.objects.create(
        rule=rule,
        version=version,
        entity=label,
        record_id=contact.pk,
        title=NAME,
        occurrence="1",
        state="done",
        ended_at=timezone.now(),
        lines=[{"found": [BIRTHDAY, MOBILE]}],
    )
    process = ApprovalProcess.objects.create(entity=label, name="p", principal=boss)
    made = ProcessVersion.objects.create(process=process, number=1, condition=asked, note=NAME)
    ApprovalInstance.objects.create(
        process=process,
        version=made,
        entity=label,
        record_id=contact.pk,
        title=NAME,
        requester=owner,
        note=f"{NAME} {IDENTITY}",
        carry={"mobile": MOBILE, "birthday": BIRTHDAY},
        holds=False,
        state="approved",
        ended_at=timezone.now(),
    )


def _imported(client, boss, contact):
    client.force_login(boss)
    rows = f"姓名,手机,邮箱,备注\n{NAME},{MOBILE},{EMAIL},甲\n,,坏邮箱,{FORMER} {OLD_EMAIL}\n"
    upload = SimpleUploadedFile("rows.csv", rows.encode())
    assert client.post(reverse("exchange:start", args=["customers.contact"]), {"file": upload}).status_code == 302
    run = Import.objects.latest("pk")
    client.get(reverse("exchange:check", args=[run.pk]))
    assert client.post(reverse("exchange:begin", args=[run.pk])).status_code == 302
    run.refresh_from_db()
    assert run.job.state == "done"
