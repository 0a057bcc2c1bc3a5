"""What packs bring of this room: sources."""

from django.utils.translation import gettext_lazy as _

from crm.packs.parts import ModelPart, part_kind
from customers.models import Source


@part_kind
class SourcePart(ModelPart):
    """Where customers come from."""

    name, label, rank, erasable = "source", _("Source"), 15, False
    model, columns = Source, ("code", "position")
