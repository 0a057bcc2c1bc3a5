"""What the page of a product shows beside its facts."""

from __future__ import annotations

from typing import Any

from crm.entities.panels import panel
from crm.files.services import files_of
from sales.catalogue.models import Product

SHOWN = 4


@panel("catalogue.product", slot="side", template="catalogue/pictures.html", order=-30)
def pictures(record: Product, user: Any) -> dict | None:
    """Its pictures: the first files that are some, the latest large."""
    found = [file for file in files_of(record) if file.is_image][:SHOWN]
    return {"pictures": found} if found else None
