"""What contracts, instalments and payments come to, kept by the database itself; see ``sales.models.tally``."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.policy import SumsOf
from sales.models.tally import Tally


class MoneyTally(Tally):
    """Of a state and currency: how many ``records`` by ``day``, and their ``amount``.

    Whoever wants yuan adds up what is in yuan here, and the rest row by row: each row is rounded by the rate of its day.
    """

    keys = ("owner_id", "department_id", "state", "currency", "day")
    sums = ("records", "amount", "rest")

    state = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    day = models.DateField(null=True)
    records = models.IntegerField()
    amount = models.DecimalField(max_digits=24, decimal_places=2)
    rest = models.DecimalField(max_digits=24, decimal_places=2)

    class Meta(Tally.Meta):
        abstract = True


class ContractTally(MoneyTally):
    """Contracts by the month of their signature; their ``rest`` is all of them."""

    access = SumsOf("contracts.contract")
    counted = "receivables_contracts_counted"

    class Meta(MoneyTally.Meta):
        verbose_name = _("tally of contracts")
        verbose_name_plural = _("tallies of contracts")
        indexes = [models.Index(fields=["state", "day"], name="contract_tally_day")]


class InstalmentTally(MoneyTally):
    """Instalments under the owner of their contract; ``rest`` is what is open.

    What is to be paid stands on the day on which it is due, all others in its month.
    """

    access = SumsOf("contracts.contract")
    counted = "receivables_instalments_counted"

    class Meta(MoneyTally.Meta):
        verbose_name = _("tally of instalments")
        verbose_name_plural = _("tallies of instalments")
        indexes = [models.Index(fields=["state", "day"], name="instalment_tally_day")]


class PaymentTally(MoneyTally):
    """Payments by the month in which they came; ``rest`` is what was not refunded."""

    access = SumsOf("receivables.payment")
    counted = "receivables_payments_counted"

    class Meta(MoneyTally.Meta):
        verbose_name = _("tally of payments")
        verbose_name_plural = _("tallies of payments")
        indexes = [models.Index(fields=["state", "day"], name="payment_tally_day")]
