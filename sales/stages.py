"""Stages as this process knows them, kept under the version of what admins define. For reading: never change one of these."""

from __future__ import annotations

from crm.customfields import definitions
from sales.models import Stage


def known_stages() -> list[Stage]:
    """Every stage with its pipeline, in their order."""
    return definitions.kept("sales.stages", lambda: list(Stage.objects.select_related("pipeline")))


def stages_of(pipeline_id: int) -> list[Stage]:
    """The stages of one pipeline, in their order."""
    return [stage for stage in known_stages() if stage.pipeline_id == pipeline_id]
