"""What the foundation tells people of."""

from django.utils.translation import gettext_lazy as _

from crm.notifications.registry import APP, DIGEST, EMAIL, notice_kind

ASSIGNED = notice_kind(
    "assigned",
    _("Somebody gives me a record"),
    said=_("%(actor)s gave you %(record)s"),
    why=_("You are its owner now."),
    icon="user-share",
    channels=(APP, EMAIL),
)
ASSIGNED_MANY = notice_kind(
    "assigned_many",
    _("Somebody gives me many records at once"),
    said=_("%(actor)s gave you %(count)s records"),
    why=_("You are their owner now."),
    icon="user-share",
    channels=(APP, EMAIL),
)
MENTIONED = notice_kind(
    "mentioned",
    _("Somebody mentions me in a comment"),
    said=_("%(actor)s mentioned you on %(record)s"),
    why=_("Your name stands behind an @."),
    icon="at",
    channels=(APP, EMAIL),
)
COMMENTED = notice_kind(
    "commented",
    _("A comment on a record that I follow"),
    said=_("%(actor)s commented on %(record)s"),
    why=_("You follow the record."),
    icon="message-circle",
    channels=(APP, DIGEST),
)
MOVED = notice_kind(
    "moved",
    _("A record that I follow moves on, is won or lost"),
    said=_("%(actor)s %(did)s"),
    why=_("You follow the record."),
    icon="arrow-right",
    channels=(APP, DIGEST),
)
OWNER_CHANGED = notice_kind(
    "owner_changed",
    _("A record that I follow gets another owner"),
    said=_("%(record)s has another owner"),
    why=_("You follow the record."),
    icon="transfer",
    channels=(APP, DIGEST),
)
SHARED = notice_kind(
    "shared",
    _("Somebody opens a record to me"),
    said=_("%(actor)s shared %(record)s with you"),
    why=_("The record is open to you, your team or your department."),
    icon="user-share",
    channels=(APP, EMAIL),
)
REMINDER = notice_kind(
    "task_due",
    _("A task, call, visit or meeting of mine comes up"),
    said=_("Due: %(record)s"),
    why=_("The task is yours, or you take part."),
    icon="calendar-due",
    channels=(APP, EMAIL),
    again=True,
)
INVITED = notice_kind(
    "invited",
    _("Somebody invites me to a meeting, visit or task"),
    said=_("%(actor)s invited you: %(record)s"),
    why=_("You take part."),
    icon="calendar-plus",
    channels=(APP, EMAIL),
)
ANSWERED = notice_kind(
    "answered",
    _("Somebody answers my invitation"),
    said=_("%(actor)s answered your invitation: %(record)s"),
    why=_("You own what they were invited to."),
    icon="calendar-check",
)
LATE = notice_kind(
    "task_late",
    _("A task of somebody whom I lead has been overdue for days"),
    said=_("Overdue for days: %(record)s (%(owner)s)"),
    why=_("You are the superior of its owner."),
    icon="alert-triangle",
    channels=(APP, DIGEST),
)
JOB_DONE = notice_kind(
    "job_done",
    _("An import, export or other long work of mine ends"),
    said=_("Done: %(title)s"),
    why=_("You started it."),
    icon="circle-check",
)
RULE = notice_kind(
    "rule",
    _("A rule or an approval tells me something"),
    said=_("A rule tells you of %(record)s"),
    why=_("A rule of your company names you."),
    icon="wand",
    channels=(APP, DIGEST),
)
# What rooms beside this one tell by crm.records.telling.
notice_kind(
    "approval_waiting",
    _("Somebody asks for my approval"),
    said=_("%(actor)s asks for your approval: %(process)s · %(record)s"),
    why=_("You, or somebody you stand in for, are to decide."),
    icon="gavel",
    channels=(APP, EMAIL),
)
notice_kind(
    "approval_late",
    _("An approval still waits for me"),
    said=_("Waiting for your approval: %(process)s · %(record)s"),
    why=_("You, or somebody you stand in for, are to decide."),
    icon="clock-exclamation",
    channels=(APP, EMAIL),
)
notice_kind(
    "approval_copied",
    _("An approval is copied to me"),
    said=_("%(actor)s lets you know: %(process)s · %(record)s"),
    why=_("It was copied to you."),
    icon="copy",
    channels=(APP, DIGEST),
)
notice_kind(
    "approval_decided",
    _("What I asked approval for is decided"),
    said=_("%(process)s · %(record)s: %(outcome)s"),
    why=_("You asked for it, or were to decide."),
    icon="circle-check",
    channels=(APP, EMAIL),
)
notice_kind(
    "recycled_soon",
    _("Records of mine will soon go back to a pool"),
    said=_("%(count)s of your records will go to “%(pool)s” within %(days)s days: follow them up to keep them"),
    why=_("You own them and have left them alone."),
    icon="clock-exclamation",
    channels=(APP, EMAIL),
)
notice_kind(
    "recycled",
    _("Records of mine went back to a pool"),
    said=_("%(count)s of your records went back to “%(pool)s”"),
    why=_("You owned them and left them alone for too long."),
    icon="recycle",
    channels=(APP, DIGEST),
)
notice_kind(
    "collision_asked",
    _("Somebody collides with a record of mine, or I am to decide"),
    said=_("%(actor)s asks about what they entered: %(record)s"),
    why=_("The record is yours, or you arbitrate."),
    icon="shield-lock",
    channels=(APP, EMAIL),
)
notice_kind(
    "collision_settled",
    _("A collision of mine is settled"),
    said=_("%(record)s: %(outcome)s"),
    why=_("You asked, or the record is yours."),
    icon="circle-check",
    channels=(APP, EMAIL),
)
NOT_SENT = notice_kind(
    "not_sent",
    _("Something could not be sent (administrators)"),
    said=_("Something could not be sent: %(what)s"),
    why=_("You are an administrator."),
    icon="alert-triangle",
)
