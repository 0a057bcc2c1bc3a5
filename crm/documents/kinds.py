"""What happens with documents, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import groups, kind

groups["documents"] = _("Documents")


def _kind(name: str, label: str, icon: str) -> str:
    return kind(f"documents.document.{name}", label, icon=icon, group="documents")


VERSION = _kind("version", _("brought a new version of %(subject)s"), "file-upload")
RESTORED = _kind("version_restored", _("took an earlier version of %(subject)s again"), "history")
PRINTED = _kind("printed", _("printed a version of %(subject)s"), "file-type-pdf")
SHARED = _kind("link_made", _("shared %(subject)s by a link"), "link")
VIEWED = _kind("link_viewed", _("noted that the shared %(subject)s was opened for the first time"), "eye")
REVOKED = _kind("link_revoked", _("revoked a link to %(subject)s"), "link-off")
PLACED = _kind("placed", _("linked %(subject)s to another record"), "paperclip")
FREED = _kind("freed", _("unlinked %(subject)s from its record"), "unlink")
