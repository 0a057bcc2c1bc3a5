"""Each rule that ends a sequence, and each that keeps somebody out."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.activities.services import add_follow_up, add_task
from crm.messaging.consent import Unwanted
from crm.messaging.models import MailMessage
from crm.messaging.receiving import Place, take_in
from crm.ownership.models import Pool
from crm.ownership.pools import release
from crm.privacy.consent import note_consent
from crm.privacy.models import ConsentPurpose
from crm.records import services as records
from crm.records.dispatch import dispatch
from customers.factories import make_account, make_contact
from sales import services
from sales.factories import make_lead, make_loss_reason, make_opportunity, make_role
from sales.sequences import moving
from sales.sequences.entering import enrol
from sales.sequences.factories import make_sequence

pytestmark = pytest.mark.django_db


def ended(enrolment):
    dispatch()
    enrolment.refresh_from_db()
    return enrolment.state, enrolment.reason


def come(account, sender, subject="Re: 选型", more="", uid=1):
    data = (
        f"From: {sender}\r\nTo: {account.address}\r\nSubject: {subject}\r\nMessage-ID: <m{uid}@customer.example>\r\n"
        f"Date: {timezone.now():%a, %d %b %Y %H:%M:%S +0000}\r\n{more}\r\nok\r\n"
    )
    take_in(account, Place("INBOX", 1, uid), data.encode(), now=timezone.now())


def test_a_reply_stops_it(enrolled, account, clock):
    moving.turn()
    clock.on(hours=1)
    come(account, "WANG@customer.example")
    assert ended(enrolled) == ("stopped", "replied") and enrolled.replied_at
    clock.on(days=30)
    assert moving.turn() == 0


def test_a_reply_from_another_address_in_the_thread_stops_it(enrolled, account, clock):
    moving.turn()
    clock.on(hours=1)
    message = MailMessage._base_manager.get(direction="out")
    come(account, "wang@private.example", more=f"In-Reply-To: <{message.message_id}>\r\n")
    assert ended(enrolled) == ("stopped", "replied")


@pytest.mark.parametrize(("whole", "becomes"), [(True, ("stopped", "replied")), (False, ("active", ""))])
def test_a_colleagues_reply_stops_it_for_the_whole_account(seller, actor, account, clock, whole, becomes):
    firm = make_account(owner=seller)
    contact = make_contact(owner=seller, email="li@customer.example", account=firm)
    make_contact(owner=seller, email="boss@customer.example", account=firm)
    enrolment = enrol(contact, actor=actor, sequence=make_sequence(owner=seller, whole_account=whole))
    clock.on(hours=1)
    come(account, "boss@customer.example")
    assert ended(enrolment) == becomes


def test_what_a_program_answers_stops_nothing(enrolled, account, clock):
    moving.turn()
    clock.on(hours=1)
    come(account, "wang@customer.example", "自动回复", more="Auto-Submitted: auto-replied\r\n")
    assert ended(enrolled) == ("active", "")


def test_a_reply_after_the_end_counts(enrolled, account, clock):
    for _step in range(3):
        moving.turn()
        clock.on(days=4)
    assert ended(enrolled)[0] == "finished"
    come(account, "wang@customer.example")
    assert ended(enrolled) == ("finished", "") and enrolled.replied_at


@pytest.mark.parametrize("kind", ["meeting", "visit"])
def test_a_meeting_held_stops_it(enrolled, lead, actor, clock, kind):
    clock.on(hours=1)
    add_follow_up(lead, kind=kind, text="见面", actor=actor)
    assert ended(enrolled) == ("stopped", "met") and enrolled.met_at


def test_a_meeting_booked_stops_it_and_a_call_does_not(enrolled, lead, actor, clock):
    clock.on(hours=1)
    add_task(lead, subject="电话", actor=actor, kind="call")
    assert ended(enrolled) == ("active", "")
    add_task(lead, subject="拜访", actor=actor, kind="visit")
    assert ended(enrolled) == ("stopped", "met")


def test_a_bounce_stops_it(enrolled, clock, actor):
    from crm.messaging import kinds
    from crm.messaging.timeline import tell

    moving.turn()
    clock.on(hours=1)
    message = MailMessage._base_manager.get(direction="out")
    tell(message, kinds.BOUNCED, actor=actor, final=False, recipient="x")
    assert ended(enrolled) == ("active", "")
    tell(message, kinds.BOUNCED, actor=actor, final=True, recipient="x")
    assert ended(enrolled) == ("stopped", "bounced")


def service_mail():
    """The purpose that every house has, also where an earlier test emptied the database."""
    named = {"name_zh": "服务", "name_en": "Service", "basis": "contract", "marketing": False}
    return ConsentPurpose.objects.get_or_create(code="service", defaults=named)[0]


def test_withdrawing_stops_it(enrolled, lead, actor):
    purpose = service_mail()
    note_consent(lead, purpose, ["email"], False, source="phone", actor=actor)
    assert ended(enrolled) == ("stopped", "unwanted")


def test_withdrawing_in_the_same_minute_sends_nothing(enrolled, lead, actor):
    purpose = service_mail()
    note_consent(lead, purpose, ["email"], False, source="phone", actor=actor)
    moving.turn()
    enrolled.refresh_from_db()
    assert (enrolled.state, enrolled.reason) == ("stopped", "unwanted")
    assert not MailMessage._base_manager.exists()


def convert(lead, actor):
    services.convert_lead(lead, actor=actor, create_opportunity=False)


def invalid(lead, actor):
    services.disqualify_lead(lead, actor=actor, invalid_reason="空号")


def trash(lead, actor):
    records.delete(lead, actor=actor)


@pytest.mark.parametrize(("act", "reason"), [(convert, "converted"), (invalid, "lost"), (trash, "trashed")])
def test_what_becomes_of_the_lead_stops_it_at_once(enrolled, lead, actor, act, reason):
    moving.turn()
    lead.refresh_from_db()
    act(lead, actor)
    enrolled.refresh_from_db()
    assert (enrolled.state, enrolled.reason) == ("stopped", reason)
    assert MailMessage._base_manager.get().state == "cancelled"


def lose(deal, actor):
    services.lose_opportunity(deal, actor=actor, loss_reason=make_loss_reason())


def win(deal, actor):
    services.win_opportunity(deal, actor=actor)


@pytest.mark.parametrize(("act", "reason"), [(lose, "lost"), (win, "won")])
def test_the_opportunity_stops_it(seller, actor, clock, act, reason):
    contact = make_contact(owner=seller, email="li@customer.example", account=make_account(owner=seller))
    deal = make_opportunity(owner=seller, account=contact.account)
    make_role(deal, contact, is_primary=True)
    enrolment = enrol(deal, actor=actor, sequence=make_sequence(owner=seller))
    assert (enrolment.contact, enrolment.opportunity) == (contact, deal)
    act(deal, actor)
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.reason) == ("stopped", reason)


def test_another_sequence_of_the_same_person_goes_first(enrolled, lead, seller, actor, clock):
    """Two records that turn out to be one person: the later sequence stops before it writes."""
    later = enrol(make_lead(owner=seller, email="w2@customer.example"), actor=actor, sequence=enrolled.sequence)
    type(later).objects.filter(pk=later.pk).update(lead=lead)
    moving.turn()
    later.refresh_from_db()
    assert (later.state, later.reason, later.runs.count()) == ("stopped", "twice", 0)
    assert (enrolled.runs.count(), MailMessage._base_manager.count()) == (1, 1)


def test_without_a_mailbox_it_says_so_and_sends_nothing(enrolled):
    """So the people of the demo company, who have no mailbox that sends."""
    type(enrolled).objects.filter(pk=enrolled.pk).update(mailbox=None)
    moving.turn()
    enrolled.refresh_from_db()
    assert (enrolled.state, enrolled.note) == ("paused", "There is no mailbox to send from.")
    assert not MailMessage._base_manager.exists()


def test_going_to_the_pool_stops_it_at_once(enrolled, lead, actor):
    pool = Pool.objects.create(name="线索池", entity="sales.lead")
    lead.refresh_from_db()
    release(lead, actor=actor, pool=pool)
    enrolled.refresh_from_db()
    assert (enrolled.state, enrolled.reason) == ("stopped", "pooled")


def test_switching_the_sequence_off_stops_it(enrolled, actor):
    sequence = type(enrolled.sequence).objects.get(pk=enrolled.sequence_id)
    sequence.active = False
    records.save(sequence, actor=actor)
    assert ended(enrolled) == ("stopped", "off")


def test_by_hand(enrolled, actor):
    assert moving.stop(enrolled, actor=actor).reason == "hand"


# Who does not get in


def refused(record, actor, sequence):
    with pytest.raises(ValidationError) as error:
        enrol(record, actor=actor, sequence=sequence)
    return error.value


def test_who_can_not_be_enrolled(seller, actor, lead, account, clock):
    sequence = make_sequence(owner=seller)
    assert refused(make_lead(owner=seller), actor, sequence).code == "address"
    assert refused(make_opportunity(owner=seller), actor, sequence)
    advertising = make_sequence(owner=seller, name="广告", marketing=True)
    assert isinstance(refused(lead, actor, advertising), Unwanted)
    enrol(lead, actor=actor, sequence=sequence)
    assert refused(lead, actor, make_sequence(owner=seller, name="另一个")).code == "twice"
    assert refused(make_lead(owner=seller, email="a@b.example"), actor, make_sequence([], owner=seller)).code == "empty"
    moving.turn()
    bounce = {"recipient": "wang@customer.example", "final": True}
    sent = MailMessage._base_manager.filter(direction="out")
    sent.update(state="sent", bounced_at=clock.at, bounce=bounce)
    moving.stop(lead.enrolments.get(), actor=actor)
    assert refused(lead, actor, sequence).code == "bounced"
    type(account).objects.update(active=False)
    assert refused(make_lead(owner=seller, email="c@b.example"), actor, sequence).code == "mailbox"


def test_restoring_what_was_deleted_does_not_start_it_again(enrolled, lead, actor, clock):
    lead.refresh_from_db()
    records.delete(lead, actor=actor)
    lead.refresh_from_db()
    records.restore(lead, actor=actor)
    clock.on(days=1)
    assert moving.turn() == 0 and ended(enrolled) == ("stopped", "trashed")
    assert timedelta(0) < clock.at - enrolled.ended_at
