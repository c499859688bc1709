"""The people of the simulated company: who they are and how they use a product.

Comes in: a seeded random generator. Goes out: a `Person`, with habits that the simulator plays day by day.
"""

from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import NamedTuple

from streams.core.instants import DAY_MS, HOUR_MS

NEVER_MS = 1 << 62

PLANS = {"starter": 29.0, "team": 79.0, "business": 199.0}
# Days since 1970 modulo 7: 1970-01-01 was a Thursday.
SATURDAY, SUNDAY, MONDAY = 2, 3, 4


class Habit(NamedTuple):
    """The chance to show up on a working day and at a weekend, and how much is done in a visit."""

    workday: float
    weekend: float
    actions: int


HABITS = {
    Habit(workday=0.97, weekend=0.45, actions=3): 2,
    Habit(workday=0.65, weekend=0.08, actions=2): 5,
    Habit(workday=0.25, weekend=0.04, actions=2): 3,
}
# hours east of UTC, and how many of the customers live there
COUNTRIES = {("US", -6): 8, ("DE", 1): 4, ("GB", 0): 3, ("BR", -3): 2, ("IN", 5): 2, ("JP", 9): 1}

FIRST_NAMES = (
    "Ada Aisha Akira Amara Ana Anders Ben Bruno Carla Chloe Daniel Elena Emeka Eva Farid Grace Hana Ines Jonas Jun "
    "Kofi Lars Leila Lucia Marek Maya Miguel Nadia Noah Olga Omar Priya Rosa Sam Sofia Tariq Tom Uma Vera Yusuf"
).split()
LAST_NAMES = (
    "Almeida Bauer Becker Chen Costa Diallo Eriksen Fischer Garcia Haddad Ito Jensen Kaya Khan Kim Kowalski Lopez "
    "Martin Mensah Moreau Nguyen Novak Okafor Olsen Park Patel Rossi Sato Silva Singh Smith Tanaka Weber Wilson Young"
).split()
COMPANY_NAMES = (
    "Acme Alder Beacon Birch Cobalt Copper Delta Ember Falcon Garnet Harbor Indigo Juniper Kestrel Lumen Maple Nimbus "
    "Orchard Pioneer Quartz Raven Summit Tandem Umber Vector Willow Yonder Zephyr"
).split()
# What a company does, as its name says, and the word that its traits have for it.
COMPANY_KINDS = {
    "Analytics": "Software",
    "Foods": "Consumer Goods",
    "Labs": "Biotechnology",
    "Logistics": "Transportation",
    "Media": "Media",
    "Robotics": "Manufacturing",
    "Studio": "Design",
    "Systems": "Information Technology",
}
COMPANY_SIZES = (4, 12, 18, 35, 80, 240, 700, 3_000)
LOCALES = {"US": "en-US", "DE": "de-DE", "GB": "en-GB", "BR": "pt-BR", "IN": "en-IN", "JP": "ja-JP"}
ROLES = {"member": 6, "admin": 2, "owner": 1}
TEAMS = ("sales", "marketing", "engineering", "support")
GOALS = ("reporting", "automation", "sharing")
STACKS = ("salesforce", "hubspot", "snowflake", "bigquery", "slack")


class Stage(Enum):
    """Where somebody stands with us."""

    TRIAL = "trialing"
    PAYING = "active"
    GONE = "canceled"


@dataclass(slots=True)
class Person:
    """One user. Their billing acts at `due_ms`; they stay away until `away_until_ms`; `keenness` scales their habit."""

    user: str
    name: str
    company: str
    country: str
    utc_offset_h: int
    peak_hour: float
    habit: Habit
    plan: str
    stage: Stage
    due_ms: int
    keenness: float = 1.0
    fading: bool = False
    away_until_ms: int = 0
    failures: int = 0

    @property
    def email(self) -> str:
        return f"{self.name.replace(' ', '.').lower()}.{self.user}@{self.company.replace(' ', '').lower()}.example"

    @property
    def locale(self) -> str:
        return LOCALES[self.country]

    def traits(self) -> dict[str, object]:
        """What a welcome screen and the CRM know; the same person always says the same."""
        said = Random(self.user)
        kind = self.company.split()[-1]
        size = Random(self.company).choice(COMPANY_SIZES)
        return {
            "name": self.name,
            "email": self.email,
            "company": {"name": self.company, "size": size, "industry": COMPANY_KINDS[kind]},
            "address": {"country": self.country},
            "role": said.choices(list(ROLES), list(ROLES.values()))[0],
            "team": said.choice(TEAMS),
            "goals": said.sample(GOALS, said.randrange(3)),
            "stack": said.sample(STACKS, said.randrange(4)),
            "consent": {"marketing": said.random() < 0.6},
        }

    @property
    def company_id(self) -> str:
        return self.company.replace(" ", "-").lower()

    def shows_up(self, day_ms: int, random: Random) -> bool:
        """Whether they use the product on the day that begins at `day_ms`."""
        if day_ms < self.away_until_ms or self.stage is Stage.GONE:
            return False
        weekend = day_ms // DAY_MS % 7 in (SATURDAY, SUNDAY)
        return random.random() < self.keenness * (self.habit.weekend if weekend else self.habit.workday)

    def arrives_ms(self, day_ms: int, random: Random) -> int:
        """When on that day: around their own hour, in their own time zone."""
        hour = (random.gauss(self.peak_hour, 1.5) - self.utc_offset_h) % 24
        return day_ms + int(hour * HOUR_MS)


def new_person(number: int, stage: Stage, due_ms: int, random: Random) -> Person:
    """Somebody whose company, place and habits are drawn by lot."""
    (country, utc_offset_h) = random.choices(list(COUNTRIES), list(COUNTRIES.values()))[0]
    return Person(
        user=f"u-{number:05}",
        name=f"{random.choice(FIRST_NAMES)} {random.choice(LAST_NAMES)}",
        company=f"{random.choice(COMPANY_NAMES)} {random.choice(list(COMPANY_KINDS))}",
        country=country,
        utc_offset_h=utc_offset_h,
        peak_hour=random.choice((9.5, 10.5, 14.0, 15.5)),
        habit=random.choices(list(HABITS), list(HABITS.values()))[0],
        plan=random.choices(list(PLANS), (5, 3, 1))[0],
        stage=stage,
        due_ms=due_ms,
    )
