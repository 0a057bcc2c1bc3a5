"""Mailboxes of the demo company with some correspondence, and templates. Their servers are not set: nothing goes out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

from django.apps import apps
from django.utils.timezone import localtime

from crm.demo.steps import World, bench_page, demo_step
from crm.messaging.models import MailAccount, MailMessage, MessageTemplate
from crm.messaging.receiving import Place, take_in
from crm.users.models import User

# Subject, then in turn what the customer writes and what is answered.
TALKS = [
    (
        "关于供水泵组的报价",
        "您好，我们二期车间需要 4 台立式多级泵，流量 50 m³/h，扬程 80 米，请报价并说明交期。",
        "您好，报价单已按 4 台整理，交期四周，质保 24 个月。方便的话我周三来现场看一下管路。",
        "周三上午可以，请联系设备部值班室。另外付款条件能否按 3-6-1？",
    ),
    (
        "会议纪要请确认",
        "附上昨天会议的要点：样机两周内到场，验收标准按合同附件三，请确认。",
        "收到，确认无误，样机我们已安排发运。",
    ),
    (
        "设备异响",
        "3 号机组昨晚开始有异响，压力正常，能否派工程师来看一下？",
        "已登记，工程师明天上午到场，请先停机检查联轴器护罩。",
    ),
    (
        "合同盖章版",
        "合同我们法务已过，盖章版扫描件下午发出，请同步开票抬头。",
        "谢谢！开票资料稍后由财务发给您，付款计划按合同执行。",
    ),
    ("Request for a quotation", "Could you quote 12 units CIF Hamburg, and tell us the lead time?", ""),
    ("年度维保续签", "维保下个月到期，请发续签方案，最好含备件包。", ""),
]
TEMPLATES = [
    (
        "mail",
        "报价跟进",
        "关于报价的跟进",
        "{{ record.name }}，您好：\n\n上周的报价不知是否收到？有任何问题请随时告诉我，我可以当面说明。\n\n{{ me.name }}",
    ),
    (
        "mail",
        "感谢来访",
        "感谢您的来访",
        "{{ record.name }}，您好：\n\n感谢今天抽时间交流，会议要点和后续安排我整理后发给您。\n\n{{ me.name }}",
    ),
    ("sms", "上门提醒", "", "{{ record.name }}，您好，我们的工程师将按约定时间上门，请保持电话畅通。"),
]
THREADS = 12


@demo_step(57, "mail")
def make_mail(world: World) -> None:
    """A rep's own mailbox and a shared one; mail with contacts of hers, as if read from the server."""
    rep = world.sellers[0]
    own = MailAccount.objects.create(name=rep.name, address=rep.email or f"{rep.username}@demo.invalid", owner=rep)
    shared = MailAccount.objects.create(name="客服中心", address="service@demo.invalid", owner=rep, shared=True)
    shared.members.set(User.objects.filter(username__in=["agent", "manager"]))
    for channel, name, subject, body in TEMPLATES:
        MessageTemplate.objects.create(channel=channel, name=name, subject=subject, body=body)
    for uid, (account, data) in enumerate(_mails(world, own, shared), start=1):
        take_in(account, Place("INBOX", 1, uid), data, now=world.now)
    recent = world.now - timedelta(days=2)
    MailMessage._base_manager.filter(sent_at__lt=recent).update(seen_at=recent)


def _mails(world: World, own: MailAccount, shared: MailAccount) -> Iterator[tuple[MailAccount, bytes]]:
    random, contacts = world.random, apps.get_model("customers.contact")._base_manager
    hers = list(contacts.filter(owner=own.owner).exclude(email="").order_by("pk")[:THREADS])
    for number, contact in enumerate(hers):
        subject, *texts = TALKS[number % len(TALKS)]
        account = shared if subject == "设备异响" else own
        customer, us = (contact.name, contact.email), (account.name, account.address)
        at = world.now - timedelta(days=number * 2, minutes=random.randrange(60, 600))
        references = ""
        for turn, text in enumerate(filter(None, texts)):
            sender, to = (customer, us) if turn % 2 == 0 else (us, customer)
            identity = f"<{number}.{turn}@demo.invalid>"
            again = "Re: " if turn else ""
            yield account, _written(again + subject, sender, to, text, at, identity, references)
            references = f"{references} {identity}".strip()
            at = min(world.now, at + timedelta(minutes=random.randrange(10, 180)))


def _written(
    subject: str, sender: tuple[str, str], to: tuple[str, str], text: str, at: datetime, identity: str, references: str
) -> bytes:
    """One mail as it comes from a server; Chinese ones in the charset that many of our customers' programs write."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = formataddr(sender), formataddr(to), subject
    mail["Date"], mail["Message-ID"] = format_datetime(localtime(at)), identity
    if references:
        mail["References"] = references
    mail.set_content(text, charset="utf-8" if text.isascii() else "gb18030")
    return mail.as_bytes()


@bench_page("mail", goal=6)
def mail(user: User) -> tuple[str, str, None]:
    """One's mailboxes, the newest first."""
    return "GET", "/mail/", None
