"""Quayline Software, which sells software to freight forwarders, and the world that it sells in."""

from typing import Final, NamedTuple

COMPANY_NAME: Final = "Quayline Software"
COMPANY_DOMAIN: Final = "quayline.example"
PRODUCT_SITE: Final = f"https://www.{COMPANY_DOMAIN}"


class Country(NamedTuple):
    """Where visitors write from.

    Attributes:
        weight: share of the visitors.
        hours_east: of UTC, roughly; for the hour of the day alone.
        phone: a number of a range kept for fiction, # stands for a digit; None where the country has no such range.
        firm_endings: legal forms of companies.
    """

    code: str
    weight: int
    hours_east: int
    phone: str | None
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    cities: tuple[str, ...]
    firm_endings: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COUNTRIES: Final = (
    Country(
        "US",
        24,
        -6,
        "+1 212 555 01##",
        _words("Emily James Maria Kevin Ashley Brandon Denise Tyrone Rachel Luis Megan Derek Priya Howard Nicole Marcus"),
        _words("Johnson Ramirez Whitfield Okafor Larsen Bennett Castillo Novak Patel Greene Delgado Foster Yates Monroe"),
        _words("Savannah Houston Newark Oakland Memphis Tacoma"),
        ("Inc.", "LLC", "Corp."),
    ),
    Country(
        "GB",
        18,
        0,
        "+44 20 7946 0###",
        _words("Oliver Amelia Harriet Callum Fiona Nikhil Gemma Rhys Isla Declan Yasmin Graham Poppy Edwin"),
        _words("Ashworth Bhatt Carrick Donnelly Fairclough Hargreaves Iqbal Kershaw Lockwood Mbeki Penrose Sutcliffe"),
        _words("Felixstowe Hull Bristol Leeds Liverpool Dover"),
        ("Ltd", "plc", "& Sons Ltd"),
    ),
    Country(
        "DE",
        17,
        1,
        "+49 30 23125 ###",
        _words("Anke Björn Claudia Dieter Elif Florian Greta Jürgen Katharina Lukas Meike Oskar Sabine Thorsten Ulrike Yusuf"),
        _words("Albrecht Brückner Dörfler Engelhardt Größl Hagedorn Kühne Lindner Münch Petersen Rösler Schäfer Vogt Yıldız"),
        _words("Hamburg Bremerhaven Duisburg Rostock Kassel Nürnberg"),
        ("GmbH", "AG", "GmbH & Co. KG"),
    ),
    Country(
        "FR",
        11,
        1,
        "+33 1 99 00 ## ##",
        _words("Amélie Benoît Chloé Didier Élodie François Gaëlle Hugo Inès Jérôme Maëlys Noémie Sébastien Théo"),
        _words("Aubert Bouchard Chevallier Delacroix Fournier Gauthier Lefèvre Marchand Perrault Rousselle Vasseur"),
        _words("Marseille Dunkerque Nantes Lyon Rouen Lille"),
        ("SARL", "SA", "SAS"),
    ),
    Country(
        "NL",
        9,
        1,
        None,
        _words("Anouk Bram Femke Daan Lotte Maarten Sanne Thijs Wouter Joris Marieke Roos"),
        ("van den Berg", "de Vries", "Bakker", "Hoekstra", "Janssen", "Postma", "van Leeuwen", "Zijlstra"),
        _words("Rotterdam Vlissingen Venlo Tilburg Zwolle"),
        ("B.V.", "N.V."),
    ),
    Country(
        "SE",
        5,
        1,
        "+46 8 465 004 ##",
        _words("Astrid Björn Ebba Gustav Ingrid Johan Linnea Måns Saga Viktor"),
        _words("Åkesson Bergström Dahlgren Ekström Fjellström Lindqvist Nyberg Sjöberg"),
        _words("Göteborg Helsingborg Malmö Gävle"),
        ("AB",),
    ),
    Country(
        "IE",
        4,
        0,
        "+353 20 91# ####",
        _words("Aoife Cillian Niamh Eoin Saoirse Padraig Orla Fergal"),
        ("O'Brien", "Byrne", "Ní Dhomhnaill", "Gallagher", "Kavanagh", "Nolan"),
        _words("Dublin Cork Rosslare Waterford"),
        ("Ltd", "DAC"),
    ),
    Country(
        "AU",
        5,
        10,
        "+61 2 5550 ####",
        _words("Bronte Callan Jarrah Kirra Lachlan Matilda Nate Tahlia"),
        _words("Abernethy Fraser Hollis Kwan McAllister Nguyen Papadakis Teo"),
        _words("Fremantle Brisbane Geelong Newcastle"),
        ("Pty Ltd",),
    ),
    Country(
        "PT",
        4,
        0,
        None,
        _words("Ana Duarte Inês João Leonor Miguel Rita Tiago"),
        _words("Antunes Carvalho Ferreira Gonçalves Magalhães Queirós Simões"),
        _words("Sines Leixões Setúbal Aveiro"),
        ("Lda.", "S.A."),
    ),
    Country(
        "PL",
        3,
        1,
        None,
        _words("Agnieszka Bartosz Ewa Grzegorz Kinga Łukasz Małgorzata Zbigniew"),
        _words("Dąbrowski Jabłońska Kowalczyk Lewandowska Nowak Szymański Wójcik"),
        _words("Gdańsk Gdynia Szczecin Łódź"),
        ("Sp. z o.o.",),
    ),
)

FIRM_NAMES: Final = _words(
    """
    Anchorage Baltica Bluehaven Borealis Brightwater Cabotage Calder Cargonaut Castlegate Cormorant Crosstrade Deepwell
    Driftway Eastgate Evenkeel Fairlead Farrier Fathom Fjordline Gantry Granary Greywater Halyard Harbourmaster Hawser
    Highmoor Inland Ironbridge Jetty Keelson Lakeshore Landbridge Leeward Lighterman Longhaul Lowland Mainsail Marlin
    Meridian Midway Mooring Nordkai Northgate Oceanis Oldport Packhorse Pallas Pelican Pierhead Portside Quarry Ridgeway
    Riverbend Roadstead Sandbank Seahorse Sextant Shoreline Silverline Skipper Southbank Spinnaker Starboard Stevedore
    Stonewharf Tallship Tidewater Towpath Transalpin Tramontane Tugboat Upriver Velox Wayfarer Westerly Windward Yardarm
    """
)
TRADES: Final = (
    "Freight",
    "Forwarding",
    "Logistics",
    "Shipping",
    "Cargo",
    "Haulage",
    "Customs Services",
    "Supply Chain",
    "Transport",
)
TITLES: Final = (
    "Operations Manager",
    "Head of Logistics",
    "Managing Director",
    "Customs Manager",
    "IT Manager",
    "Supply Chain Analyst",
    "Export Coordinator",
    "Chief Operating Officer",
    "Fleet Supervisor",
    "Procurement Lead",
)
TEAM_SIZES: Final = ("1-10", "11-50", "51-200", "201-1000", "More than 1000")
TEAM_HEADS: Final = (6, 25, 80, 400, 1500)
"""Somebody of such a team says that they are so many."""

TEAM_SIZE_WEIGHTS: Final = (22, 34, 26, 13, 5)
INTERESTS: Final = ("Bookings", "Customs papers", "Track and trace", "Invoicing", "Carrier rates")
TIMEFRAMES: Final = ("This month", "This quarter", "This year", "Just looking")
TIMEFRAME_WEIGHTS: Final = (18, 34, 28, 20)
PRIVATE_MAIL: Final = ("mail.example", "post.example", "inbox.example")
"""Stand in for free mail providers, none of whose domains is reserved."""

MESSAGES: Final = (
    "We still do bookings by e-mail and lose about a day a week. Could you show us how {interest} works with two depots?",
    "Looking for something to replace our spreadsheet for {interest}. We ship around {volume} containers a month out of {city}.",
    "Our contract with the current system ends in autumn. Please send prices for {size} people.",
    "Do you connect to our carrier in {city}? A colleague saw you at the fair and was impressed.",
    "We need {interest} in three languages. Is that possible, and how long does it take to set up?",
    "Can you call me before noon? It is about {interest} for our office in {city}.",
    "Two of our customers asked for live tracking. What would that cost for {volume} shipments a month?",
    "We are comparing three vendors until the end of the month and would like a demo for {size} colleagues.",
    "Interested in {interest}. Nothing urgent, a brochure would do for now.",
    "New rules for import declarations worry us. Does your customs module cover {city}?",
)
NOTES: Final = (
    "Spoke on the phone: decides together with the finance lead, wants numbers by Friday.",
    "Asked for a reference customer of the same size. Sent the case study.",
    "Demo went well. Open question: connection to their warehouse system.",
    "No budget before the next financial year. Call again in three months.",
    "Left a message twice, will try by e-mail.",
    "Wants a trial for two depots first, then the rest.",
    "Competitor is 15 % cheaper, but has no customs module.",
    "Sent the offer, valid for 30 days.",
)
SPAM_MESSAGES: Final = (
    "BOOST your ranking to page 1 in 7 days!!! Reply for a free audit",
    "We have 2 million verified business contacts for sale, best price today",
    "Dear owner, your domain expires soon, act now",
)


class Campaign(NamedTuple):
    """How a visitor came. `parameters` as in the address; none for a direct visit."""

    weight: int
    parameters: dict[str, str]


CAMPAIGNS: Final = (
    Campaign(38, {}),
    Campaign(20, {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "freight-software", "gclid": "demo-click"}),
    Campaign(14, {"utm_source": "linkedin", "utm_medium": "paid_social", "utm_campaign": "customs-made-easy"}),
    Campaign(12, {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "quay-notes"}),
    Campaign(9, {"utm_source": "partner", "utm_medium": "referral", "utm_campaign": "port-alliance"}),
    Campaign(7, {"utm_source": "transport-fair", "utm_medium": "event", "utm_campaign": "autumn-fair"}),
)
