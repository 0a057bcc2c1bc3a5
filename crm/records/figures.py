"""Tables of figures beside records: one row for each record, made by the database as the record is inserted.

The model has the link to the record as its primary key and a ``db_default`` on every other column. It may then be sorted by
without losing records, and is filled by one UPDATE.
"""

from __future__ import annotations

from django.db import models
from django.db.migrations.operations import RunSQL

# A statement that inserts many records (COPY too) makes their rows in one.
_FUNCTION = """
create or replace function crm_keep_figures() returns trigger language plpgsql as $$
begin
    execute format('insert into %I (%I) select id from fresh on conflict do nothing', tg_argv[0], tg_argv[1]);
    return null;
end $$;
"""


def keep_rows(table: str, link: str, of: str) -> RunSQL:
    """A migration's step: from now on every row of the table ``of`` has one in ``table``, also those that are there already."""
    return RunSQL(
        f"""{_FUNCTION}
        insert into {table} ({link}) select id from {of} on conflict do nothing;
        create trigger {table}_rows after insert on {of} referencing new table as fresh
            for each statement execute function crm_keep_figures('{table}', '{link}');
        """,
        f"drop trigger {table}_rows on {of};",
    )


class Figures(models.Model):
    """Base of such tables; the subclass names its record: ``record = OneToOneField(Account, CASCADE, primary_key=True, …)``."""

    class Meta:
        abstract = True
        default_permissions = ()
