"""Made-up people, companies, numbers and days, all from one seeded source of chance."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from crm.demo import words


def person(random: Random) -> str:
    """A Chinese name, surname first."""
    surname = random.choice(words.COMPOUND) if random.random() < 0.01 else random.choice(words.SURNAMES)
    return surname + "".join(random.sample(words.GIVEN, random.choice([1, 2, 2, 2])))


def company(random: Random) -> tuple[str, str, str]:
    """(name, province, industry) of a company."""
    if random.random() < 0.04:
        stem = random.choice(words.ENGLISH) + (f" {random.choice(words.ENGLISH)}" if random.random() < 0.5 else "")
        return f"{stem} {random.choice(words.ENGLISH_TRADES)} {random.choice(words.ENGLISH_FORMS)}", "上海市", "制造业"
    city, province = random.choice(words.PLACES)
    trade, industry = random.choice(words.TRADES)
    stem = "".join(random.choices(words.STEMS_A, k=random.choice([1, 1, 2]))) + random.choice(words.STEMS_B)
    return f"{city}{stem}{trade}{random.choice(words.FORMS)}", province, industry


def mobile(random: Random) -> str:
    """An eleven-digit mobile number."""
    return f"1{random.choice('3578')}{random.randrange(10**9):09d}"


def moment(random: Random, now: datetime, days: float) -> datetime:
    """A moment in the last ``days``, recent ones more often."""
    return now - timedelta(days=days * random.random() ** 1.6, seconds=random.randrange(3600))
