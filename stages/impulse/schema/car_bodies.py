"""Bodies of cars: name and hitbox of each by its product number.

Families are those of the parser's own table (subtr-actor-py 1.5.1, tested against it), which rests on Epic's page about
hitboxes and a list of products; names are those of the list of products that RLBot's program ships (rlbot-gui 0.0.164,
``items.csv``, read 2026-11-28). A product that is missing here keeps its number in the dataset, without name and hitbox.
"""

from __future__ import annotations

from collections.abc import Mapping

# fmt: off
BODIES: Mapping[str, Mapping[int, str | None]] = {
    "octane": {
        21: "Backfire", 23: "Octane", 25: "Road Hog", 26: "Gizmo", 27: "Sweet Tooth", 402: "Takumi", 404: "Scarab",
        523: "Zippy", 607: "Grog", 625: "Armadillo", 723: "Hogsticker", 1172: "Marauder", 1295: "Takumi RX-T",
        1300: "Road Hog XL", 1475: "Proteus", 1478: "Triton", 1533: "Vulcan", 1568: "Octane ZSR", 1623: "Bone Shaker",
        2665: "The Dark Knight's Tumbler", 2853: "Twinzer", 2919: "Jurassic Jeep® Wrangler", 2949: "Fast 4WD",
        4284: "Fennec", 4318: "Mudcat", 4319: "Mudcat G1", 4320: "Mudcat GXT", 4782: "Psyclops", 4906: "Harbinger",
        5020: "Outlaw", 5039: "Harbinger GXT", 5188: "Scarab", 5361: "Dingo", 5547: "007's Aston Martin DB5",
        5713: "Ford F-150 RLE", 5837: "Outlaw GXT", 5951: "Jackal", 6939: "Ford Mustang Mach-E RLE",
        7947: "Honda Civic Type R", 7948: "Honda Civic Type R-LE", 8383: "Xentari", 8806: "Volkswagen Golf GTI",
        8807: "Volkswagen Golf GTI RLE", 10896: "BMW 1 Series", 10897: "BMW 1 Series RLE", 10900: "Shokunin",
        10901: "Shokunin GXT", 11314: "Jeep Wrangler Rubicon", 11603: "Fennec ZR-F", 12104: None, 12105: None,
    },
    "dominus": {
        29: "Hotshot", 403: "Dominus", 597: "DeLorean Time Machine", 600: "Ripper", 1018: "Dominus GT",
        1171: "Masamune", 1286: "Aftershock", 1675: "Ice Charger", 1689: "Nemesis", 1883: "Imperator DT5",
        2070: "Werewolf", 2268: "Fast & Furious Dodge Charger", 2666: "Batmobile (1989)", 2950: "MR11",
        2951: "Gazella GT", 3155: "Maverick", 3156: "Maverick G1", 3157: "Maverick GXT", 3265: "McLaren 570S",
        3426: "Diestro", 3875: "Guardian GXT", 3879: "Guardian", 3880: "Guardian G1", 4014: "K.I.T.T.",
        4155: "Ecto-1", 4367: "Chikara GXT", 4472: "Chikara", 4473: "Chikara G1", 4745: "Ronin GXT", 4770: "Dominus",
        4781: "Peregrine TT", 4861: "Ronin", 4864: "Ronin G1", 5709: "NASCAR Ford Mustang",
        5773: "NASCAR Toyota Camry", 5823: "NASCAR Chevrolet Camaro", 5858: "Tyranno",
        5964: "Lamborghini Huracán STO", 5979: "Tyranno GXT", 6122: "Masamune", 6244: "BMW M240i",
        6247: "McLaren 765LT", 6260: "007's Aston Martin Valhalla", 6836: "Ford Mustang Shelby GT350R RLE",
        7211: "Mamba", 7337: "NASCAR Next Gen Chevrolet Camaro", 7338: "NASCAR Next Gen Ford Mustang",
        7341: "NASCAR Next Gen Toyota Camry", 7343: "007's Aston Martin DBS", 7415: "Batmobile (2022)",
        7512: "Lamborghini Countach LPI 800-4", 7532: "Maestro", 7593: "Nissan Z Performance",
        7772: "Ferrari 296 GTB", 8454: "Admiral", 9053: "Fast & Furious Dodge Charger SRT Hellcat",
        9088: "Porsche 911 Turbo", 9089: "Porsche 911 Turbo RLE", 9140: "Bumblebee", 9388: "Lightning McQueen",
        9894: "Scorpion", 10094: None, 10440: "Nissan Fairlady Z", 10441: "Nissan Fairlady Z RLE", 10694: "Lockjaw",
        10695: None, 11016: "Porsche 911 GT3 RS", 11095: "Dodge Charger Daytona Scat Pack",
        11315: "Ford Mustang Shelby GT500", 11336: "Dominus: Neon", 11534: None, 11941: None, 11996: None,
        12106: None, 12142: None, 12262: None, 12286: None, 12325: None, 12382: None, 12563: None, 12669: None,
    },
    "plank": {
        24: "Paladin", 803: "Batmobile (2016)", 1603: "Twin Mill III", 1691: "Mantis", 1919: "Centio",
        3594: "Artemis G1", 3614: "Artemis", 3622: "Artemis GXT", 4268: "Sentinel", 5265: "Formula 1 2021",
        7052: "Formula 1 2022", 8524: "Bugatti Centodieci",
    },
    "breakout": {
        22: "Breakout", 1416: "Breakout Type-S", 1894: "Samurai", 1932: "Animus GP", 3031: "Cyclone", 3311: "Komodo",
        6243: "Nexus", 6489: "Nexus SC", 7651: "Redline", 7696: "Whiplash", 7890: "Fuse",
        7901: "Fast & Furious Mazda RX-7", 8006: "Mako", 8360: "Emperor", 8361: "Emperor II",
        8565: "Emperor II: Frozen", 8566: "Emperor II: Scorched", 8669: "Ace", 9357: "Diesel",
        10697: "The Incredibile", 10698: "1966 Cadillac DeVille", 10817: "Quadra Turbo-R", 10822: "McLaren Senna",
        11038: "Revolver", 11394: "Azura", 11505: "Breakout X", 11677: None, 11800: "Megastar", 11933: None,
        11949: None, 12173: None, 12315: None, 12361: None, 12484: None,
    },
    "hybrid": {
        28: "X-Devil", 31: "Venom", 1159: "X-Devil Mk2", 1317: "Esper", 1624: "Endo", 1856: "Jäger 619",
        2269: "Fast & Furious Nissan Skyline", 3451: "Nimbus", 3582: "Insidio", 3702: "Tygris", 5470: "R3MX",
        5488: "R3MX GXT", 5879: "Fast & Furious Pontiac Fiero", 7012: "Tesla Cybertruck", 9084: "Nissan Silvia",
        9085: "Nissan Silvia RLE", 9427: "Primo", 10044: "Beskar", 10805: "Nissan Skyline GT-R (R32)",
        11138: "Void Burn", 11141: "Lamborghini Urus SE", 11379: "Ram 1500 RHO", 11932: None, 12569: None,
        12652: None,
    },
    "merc": {
        30: "Merc", 4780: "Battle Bus", 7336: "Nomad", 7477: "Nomad GXT", 7815: "Ford Bronco Raptor RLE",
        7979: "Stampede", 10689: "Behemoth", 11098: "Turtle Van", 11736: None, 11905: None, 11950: None, 12318: None,
        12335: None,
    },
}
# fmt: on
"""Family of the hitbox to the bodies that have it, by number; those whose name the list of products lacks have None."""

WITHOUT_HITBOX = {2298: "Samus's Gunship", 2313: "Mario NSR"}
"""Bodies that the list of products names, and the parser's table lacks."""

HITBOX_OF_BODY = {number: family for family, bodies in BODIES.items() for number in bodies}
NAME_OF_BODY = WITHOUT_HITBOX | {number: name for bodies in BODIES.values() for number, name in bodies.items() if name}
