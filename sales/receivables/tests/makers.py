"""Processes that make contracts, orders, invoices and payments as fast as they can, and are killed at any moment.

``python -m sales.receivables.tests.makers LOG COUNT``: forks makers and kills one of them with SIGKILL again and again, until
LOG has COUNT lines; answers how many were killed. A line of LOG is a number that somebody was told.
"""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "crm.settings"
    django.setup()

from crm.records import services as records
from crm.records.actor import Actor
from crm.workflows.tests.nursery import killed, start
from customers.models import Account
from sales.contracts.models import Contract
from sales.contracts.services import approve_contract
from sales.invoicing.requesting import request_for_contract
from sales.orders.models import Order
from sales.receivables.payments import register_payment

MAKER = Actor(None, "test")
HANDS = 3
PAUSE = 0.6


def make(log: str) -> None:
    """One of each again and again, each in a transaction of its own, and told only after it."""
    account = Account.objects.get()
    place = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def told(number: str) -> None:
        time.sleep(0.01)  # it is there, and nobody knows it yet: kills fall between the two as well
        os.write(place, f"{number}\n".encode())

    while True:
        contract = Contract(
            owner=account.owner, account=account, title="x", amount=Decimal(10), payment_terms="100% 签约"
        )
        records.save(contract, actor=MAKER)
        told(contract.number)
        approve_contract(contract, actor=MAKER)
        told(Order.objects.get(contract=contract).number)
        told(request_for_contract(contract, actor=MAKER).number)
        payment = register_payment(actor=MAKER, contract=contract, amount=Decimal(10), paid_on=date(2026, 11, 1))
        told(payment.number)


def main(log: str, count: int) -> None:
    chance, lines = random.Random(count), Path(log)
    lines.touch()
    running = [start(lambda: make(log)) for _number in range(HANDS)]
    kills = 0
    while lines.read_text().count("\n") < count:
        time.sleep(chance.expovariate(1 / PAUSE))
        victim = chance.randrange(HANDS)
        killed(running[victim])
        running[victim] = start(lambda: make(log))
        kills += 1
    for child in running:
        killed(child)
    print(kills)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
