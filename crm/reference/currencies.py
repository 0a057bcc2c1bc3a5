"""The currencies amounts may be in (ISO 4217)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Currency(models.TextChoices):
    """An ISO 4217 code; yuan come first because they are the default."""

    CNY = "CNY", _("Chinese yuan")
    HKD = "HKD", _("Hong Kong dollar")
    TWD = "TWD", _("New Taiwan dollar")
    MOP = "MOP", _("Macanese pataca")
    USD = "USD", _("US dollar")
    EUR = "EUR", _("Euro")
    GBP = "GBP", _("Pound sterling")
    JPY = "JPY", _("Japanese yen")
    KRW = "KRW", _("South Korean won")
    SGD = "SGD", _("Singapore dollar")
    AUD = "AUD", _("Australian dollar")
    CAD = "CAD", _("Canadian dollar")
    CHF = "CHF", _("Swiss franc")
    THB = "THB", _("Thai baht")
    MYR = "MYR", _("Malaysian ringgit")
    VND = "VND", _("Vietnamese dong")
    IDR = "IDR", _("Indonesian rupiah")
    INR = "INR", _("Indian rupee")
    RUB = "RUB", _("Russian rouble")
    AED = "AED", _("UAE dirham")
    BRL = "BRL", _("Brazilian real")
