"""What happens with files, as timelines tell it."""

from django.utils.translation import gettext_lazy as _

from crm.records.kinds import groups, kind

groups["files"] = _("Files")
_DRAWN = {"group": "files", "template": "files/entry.html"}
CREATED = kind("files.storedfile.created", _("added %(subject)s"), icon="paperclip", **_DRAWN)
ATTACHED = kind("files.storedfile.attached", _("attached %(subject)s"), icon="paperclip", **_DRAWN)
VERSION = kind("files.storedfile.version", _("brought a new version of %(subject)s"), icon="file-upload", **_DRAWN)
VERSION_RESTORED = kind(
    "files.storedfile.version_restored", _("took an earlier version of %(subject)s again"), icon="history", **_DRAWN
)
