"""Who writes: companies, the people in them, and what they want. All drawn from seeds."""

import unicodedata
from random import Random
from typing import NamedTuple

from infra.demo import world


class Company(NamedTuple):
    """A firm that may become a customer. `team_size` is one of world.TEAM_SIZES."""

    name: str
    domain: str
    country: world.Country
    city: str
    team_size: str


class Visitor(NamedTuple):
    """Somebody who writes, and how they fill in forms.

    Attributes:
        company: None for private persons and those who don't say.
        phone: None where they keep it to themselves.
        consent: True and False as ticked or refused, None where the form didn't ask.
        keenness: 0 to 1; drives how far they get in the pipeline.
    """

    first_name: str
    last_name: str
    email: str
    phone: str | None
    title: str
    company: Company | None
    country: world.Country
    campaign: dict[str, str]
    interest: str
    timeframe: str
    message: str
    consent: bool | None
    keenness: float

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.first_name} {self.last_name}"


def draw(*seed: str | int) -> Random:
    """Chance that is a function of its seed alone."""
    return Random("/".join(map(str, seed)))  # noqa: S311 - a simulation, not a secret


def company(seed: int, number: int) -> Company:
    """The `number`-th company of a world; no two have the same domain."""
    chance = draw(seed, "company", number)
    country = _country(chance)
    # Walk through the names before any comes again, so that a small world has no twins.
    lap, index = divmod(number, len(world.FIRM_NAMES))
    stem = world.FIRM_NAMES[(index * 31 + seed) % len(world.FIRM_NAMES)]
    trade = chance.choice(world.TRADES)
    ending = chance.choice(country.firm_endings)
    domain = f"{slug(stem)}-{slug(trade).replace('.', '-')}{lap or ''}.example"
    size = chance.choices(world.TEAM_SIZES, world.TEAM_SIZE_WEIGHTS)[0]
    return Company(f"{stem} {trade} {ending}", domain, country, chance.choice(country.cities), size)


def visitor(seed: int, number: int, companies: int) -> Visitor:
    """The `number`-th visitor of a world with `companies` companies; no two have the same address."""
    chance = draw(seed, "visitor", number)
    firm = None
    if companies and chance.random() < 0.86:
        # Some companies send several colleagues, most only one.
        firm = company(seed, min(int(companies * chance.random() ** 1.6), companies - 1))
    country = firm.country if firm is not None else _country(chance)
    first, last = chance.choice(country.first_names), chance.choice(country.last_names)
    address_name = f"{slug(first)}.{slug(last)}"
    domain = firm.domain if firm is not None else chance.choice(world.PRIVATE_MAIL)
    interest, timeframe = chance.choice(world.INTERESTS), chance.choices(world.TIMEFRAMES, world.TIMEFRAME_WEIGHTS)[0]
    size = world.TEAM_SIZES.index(firm.team_size) if firm is not None else 0
    return Visitor(
        first_name=first,
        last_name=last,
        email=f"{address_name}.{number}@{domain}",
        phone=phone(country, chance) if chance.random() < 0.55 else None,
        title=chance.choice(world.TITLES),
        company=firm,
        country=country,
        campaign=chance.choices(world.CAMPAIGNS, [campaign.weight for campaign in world.CAMPAIGNS])[0].parameters,
        interest=interest,
        timeframe=timeframe,
        message=chance.choice(world.MESSAGES).format(
            interest=interest.lower(),
            city=firm.city if firm is not None else chance.choice(country.cities),
            volume=chance.randrange(2, 90) * 10,
            size=world.TEAM_HEADS[size],
        ),
        consent=chance.choices((True, False, None), (58, 17, 25))[0],
        keenness=_keenness(chance, firm, timeframe),
    )


def phone(country: world.Country, chance: Random) -> str | None:
    """A number that rings nowhere."""
    if country.phone is None:
        return None
    return "".join(str(chance.randrange(10)) if sign == "#" else sign for sign in country.phone)


def slug(text: str) -> str:
    """For domains and local parts: ASCII letters and digits, dots between words."""
    special = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ı": "i", "ø": "o"})
    folded = unicodedata.normalize("NFKD", text.translate(special)).encode("ascii", "ignore").decode().lower()
    return ".".join("".join(sign for sign in word if sign.isalnum()) for word in folded.split())


def _country(chance: Random) -> world.Country:
    return chance.choices(world.COUNTRIES, [country.weight for country in world.COUNTRIES])[0]


def _keenness(chance: Random, firm: Company | None, timeframe: str) -> float:
    fit = 0.0 if firm is None else 0.15 + 0.1 * world.TEAM_SIZES.index(firm.team_size)
    hurry = 0.3 - 0.1 * world.TIMEFRAMES.index(timeframe)
    return min(1.0, max(0.0, fit + hurry + 0.3 * chance.random()))
