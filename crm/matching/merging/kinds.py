"""What the log says of merges."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import kind

MERGED = kind(
    "matching.merged",
    _("merged other records into %(subject)s"),
    icon="git-merge",
    template="matching/merged_entry.html",
    followed=True,
)
UNMERGED = kind("matching.unmerged", _("took a merge into %(subject)s back"), icon="arrow-back-up", followed=True)
MOVED = kind("matching.moved", _("moved %(subject)s along with a merge"), icon="git-merge")
MOVED_BACK = kind("matching.moved_back", _("moved %(subject)s back, as a merge was taken back"), icon="arrow-back-up")
