"""The campaigns of the sample feed: who, with what, against whom, at which level. Names are invented; no real actor, tool or victim is meant."""

from dataclasses import dataclass
from typing import Final

from app.stix.handling import Tlp


@dataclass(frozen=True, slots=True)
class Tale:
    """One campaign, and at which level it is told. `detail` is the level of its closest-kept half: indicators and sightings that give sources away.

    `terms` says whose eyes it is for beyond the level: `region`, `recipients` or nothing.
    """

    campaign: str
    actor: str
    level: Tlp
    detail: Tlp
    malware: tuple[str, str]
    """Its name and its type by the vocabulary of STIX."""
    theme: str
    sector: str
    techniques: tuple[str, ...]
    summary: str
    terms: str = ""


ACTORS: Final = {
    "Velvet Teasel": "A group that lives on business mail: it reads for weeks before it writes one line about changed bank details.",
    "Tin Bramble": "Rents out ransomware and a help desk for those who pay; its partners break in, it negotiates.",
    "Paper Thistle": "Builds shops that sell nothing, and harvests cards at the till.",
    "Hollow Sedge": "Patient, quiet, interested in registries and border systems. It leaves few files behind.",
}

TALES: Final = (
    Tale(
        "Saltwater Invoice",
        "Velvet Teasel",
        Tlp.CLEAR,
        Tlp.GREEN,
        ("Coppervine", "downloader"),
        "invoice",
        "transportation",
        ("Mail with a link", "Stolen session cookies"),
        "Forged freight invoices lead to a page that asks for the mail password once more.",
    ),
    Tale(
        "Harvest Till",
        "Paper Thistle",
        Tlp.CLEAR,
        Tlp.CLEAR,
        ("Pennyroyal", "webshell"),
        "checkout",
        "retail",
        ("Script in the page", "Outdated shop software"),
        "A few lines in the payment page of small shops send card numbers elsewhere.",
    ),
    Tale(
        "Grey Parcel",
        "Velvet Teasel",
        Tlp.GREEN,
        Tlp.GREEN,
        ("Coppervine", "downloader"),
        "parcel",
        "communications",
        ("Message with a link", "Installed by the user"),
        "Short messages about a parcel bring an application that reads one-time codes.",
    ),
    Tale(
        "Cold Ledger",
        "Tin Bramble",
        Tlp.GREEN,
        Tlp.AMBER,
        ("Ironweed", "ransomware"),
        "backup",
        "healthcare",
        ("Remote access without a second factor", "Backups deleted first"),
        "Clinics lose their backups on Friday night and everything else on Saturday.",
    ),
    Tale(
        "Night Customs",
        "Hollow Sedge",
        Tlp.AMBER,
        Tlp.AMBER,
        ("Reedmace", "backdoor"),
        "customs",
        "government-national",
        ("Signed driver misused", "Tunnel through name service"),
        "A back door in customs brokers waits for manifests of two ports.",
        terms="region",
    ),
    Tale(
        "Second Payroll",
        "Velvet Teasel",
        Tlp.AMBER,
        Tlp.AMBER_STRICT,
        ("Coppervine", "downloader"),
        "payroll",
        "financial-services",
        ("Mail with a link", "Forwarding rule in the mailbox"),
        "Salaries of one month go to accounts opened the week before.",
    ),
    Tale(
        "Quiet Switchyard",
        "Tin Bramble",
        Tlp.AMBER_STRICT,
        Tlp.AMBER_STRICT,
        ("Ironweed", "ransomware"),
        "switchyard",
        "energy",
        ("Remote access without a second factor", "Signed driver misused"),
        "Access to the office network of grid operators is offered for sale; two buyers tested it.",
    ),
    Tale(
        "Open Registry",
        "Hollow Sedge",
        Tlp.AMBER_STRICT,
        Tlp.RED,
        ("Reedmace", "backdoor"),
        "registry",
        "government-national",
        ("Tunnel through name service", "Stolen session cookies"),
        "A source inside describes how entries of a civil registry are changed on order.",
        terms="recipients",
    ),
)

TECHNIQUES: Final = {
    "Mail with a link": "The victim is sent to a page that looks like the sign-in of the own organisation.",
    "Message with a link": "A short message on the telephone replaces the mail that a filter would have stopped.",
    "Stolen session cookies": "The session is taken after the second factor was given, so the factor does not help.",
    "Script in the page": "Foreign code in a trusted page reads what is typed there.",
    "Outdated shop software": "A flaw mended long ago is still open in shops that nobody maintains.",
    "Installed by the user": "The victim allows the installation, since a familiar sender asks for it.",
    "Remote access without a second factor": "A password bought or guessed opens the way in for everybody.",
    "Backups deleted first": "What could undo the damage is removed before the damage is done.",
    "Signed driver misused": "A driver with a valid signature and a known flaw switches protection off.",
    "Tunnel through name service": "Commands travel in queries for names, which few networks look into.",
    "Forwarding rule in the mailbox": "Copies of all mail leave the organisation, and answers are hidden from its reader.",
}

ADVICE: Final = {
    "Confirm bank details by telephone": "Ask at the number that was on file before the change was announced.",
    "Second factor on remote access": "No service reachable from outside takes a password alone.",
    "Backups out of reach": "Keep one copy that no administrator of the network can delete.",
    "Block young names": "Refuse names registered within the last days, and look at who asks for them.",
    "Content security for payment pages": "Name the scripts that may run, and be told when another one tries.",
    "Block list for drivers": "Use the list of vulnerable drivers that the system's maker publishes.",
    "Review forwarding rules": "List rules that send mail outside, every week, and ask their owners.",
}

FLAWS: Final = {
    "Missing check in a sample mail gateway": "A crafted header lets a stranger read the queue. Mended in version 4.2.1.",
    "Path traversal in a sample shop plug-in": "An upload may land outside its folder. Mended in version 2.9.",
    "Known key in a sample remote-access device": "All devices of a series carry the same key. No update; replace it.",
}

PLACES: Final = (
    ("Western Africa", "western-africa"),
    ("Eastern Africa", "eastern-africa"),
    ("South-eastern Asia", "south-eastern-asia"),
    ("Western Europe", "western-europe"),
    ("South America", "south-america"),
)
