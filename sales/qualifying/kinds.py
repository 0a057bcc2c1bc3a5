"""What is told of qualifying on timelines."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

ANSWERED = kind(
    "qualifying.answered", _("answered a question on %(subject)s"), icon="checklist", group="sales", template="qualifying/entry.html"
)  # fmt: skip
