"""What happens with partners, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

TEMPLATE = "partners/entry.html"


def _kind(name: str, label: str, icon: str) -> str:
    return kind(name, label, icon=icon, group="sales", template=TEMPLATE, followed=True)


FORWARDED = _kind("partners.leadforward.sent", _("forwarded %(subject)s to a partner"), "share")
ACCEPTED = _kind("partners.leadforward.accepted", _("noted that the partner accepted %(subject)s"), "circle-check")
DECLINED = _kind("partners.leadforward.declined", _("noted that the partner declined %(subject)s"), "ban")
EXPIRED = _kind("partners.leadforward.expired", _("noted that no answer came in time to %(subject)s"), "clock")
WITHDRAWN = _kind("partners.leadforward.withdrawn", _("took %(subject)s back from the partner"), "arrow-back-up")
CLOSED = _kind("partners.leadforward.closed", _("noted how %(subject)s ended at the partner"), "flag")
REPORTED = _kind("partners.forwardreport.created", _("noted a report of the partner: %(subject)s"), "message-circle")
INVITED = _kind("partners.partnerperson.invited", _("invited %(subject)s to the portal"), "mail")
JOINED = _kind("partners.partnerperson.joined", _("noted that %(subject)s set a password for the portal"), "key")
REVOKED = _kind("partners.partnerperson.revoked", _("revoked the access of %(subject)s to the portal"), "ban")
REGISTERED = _kind("partners.dealregistration.submitted", _("registered the deal %(subject)s"), "certificate")
APPROVED = _kind("partners.dealregistration.approved", _("approved the registration of %(subject)s"), "circle-check")
REJECTED = _kind("partners.dealregistration.rejected", _("rejected the registration of %(subject)s"), "ban")
EXTENDED = _kind("partners.dealregistration.extended", _("moved the end of protection of %(subject)s"), "calendar-plus")
PROTECTION_ENDED = _kind(
    "partners.dealregistration.expired", _("noted that %(subject)s is protected no longer"), "clock"
)
DEAL_MADE = _kind("partners.dealregistration.converted", _("made an opportunity of %(subject)s"), "arrows-exchange")
FEEDBACK = _kind("partners.partnerfeedback.given", _("noted the feedback %(subject)s"), "message-circle")
FEEDBACK_ANSWERED = _kind("partners.partnerfeedback.answered", _("answered the feedback %(subject)s"), "circle-check")
COOP_PROPOSED = _kind("partners.coopopportunity.proposed", _("proposed to work together: %(subject)s"), "bulb")
COOP_MOVED = _kind("partners.coopopportunity.moved", _("took %(subject)s to another state"), "arrow-right")
COOP_DEAL = _kind("partners.coopopportunity.converted", _("made an opportunity of %(subject)s"), "arrows-exchange")
PUBLISHED = _kind("partners.partnerdocument.published", _("published %(subject)s to partners"), "send")
UNPUBLISHED = _kind("partners.partnerdocument.withdrawn", _("withdrew %(subject)s from the partners"), "ban")
