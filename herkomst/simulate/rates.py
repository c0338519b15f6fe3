"""Every rate of the made-up Netherlands, in one table.

The rates are assumptions, chosen to be plausible and unkind: a world that is too easy flatters
what is measured on it. Shares are fractions of one; weights need not add up to anything.
"""

import sys
from typing import Final

Weights = dict[str, float]
"""Values with how often each is drawn beside the others."""
Quantiles = tuple[tuple[float, float], ...]
"""Points (share, value) of a distribution, between which it runs straight in its logarithm."""

# -- The world ------------------------------------------------------------------------------------

FIRST_DAY: Final = "2024-01-01"
LAST_DAY: Final = "2026-10-31"
STOLEN_PER_PURCHASE: Final = 3.4

# -- Shops ----------------------------------------------------------------------------------------

ESTABLISHMENTS_PER_DEALER: Final = 8_000 / 6_500
CHAIN_ESTABLISHMENTS: Final = 0.08
FEWEST_DEALERS_WITH_CHAINS: Final = 30
BUSIEST_SHOPS: Final = 0.05
BUSIEST_ENTRIES: Final = 0.55
SECOND_TRADE: Final = 0.20
DEALER_NOTIFIED: Final = 0.96
DEALER_EMAIL: Final = 0.80
DEALER_PHONE: Final = 0.85

TRADE_ENTRIES: Final[Weights] = {
    "phones": 0.22,
    "bicycles": 0.18,
    "charity": 0.15,
    "general": 0.12,
    "gold": 0.10,
    "cars": 0.10,
    "electronics": 0.05,
    "metal": 0.05,
    "pawn": 0.02,
    "watches": 0.006,
    "art": 0.004,
}
TRADE_ESTABLISHMENTS: Final[Weights] = {
    "phones": 0.15,
    "bicycles": 0.22,
    "charity": 0.13,
    "general": 0.11,
    "gold": 0.12,
    "cars": 0.15,
    "electronics": 0.05,
    "metal": 0.03,
    "pawn": 0.01,
    "watches": 0.015,
    "art": 0.015,
}
CHAINS: Final[tuple[Weights, ...]] = (
    {"phones": 0.14},
    {"general": 0.09, "electronics": 0.04},
    {"charity": 0.13},
)
"""The trades of the three chains, with their share of all entries: 40 % together."""

FALLS_SILENT: Final = 0.12
SILENCE_IS_LAWFUL: Final = 0.50
SILENT_DAYS: Final = (95, 260)

DATE_WITHOUT_TIME: Final = 0.35
ENTERED_AT_CLOSING: Final = 0.10
TIME_WITH_SECONDS: Final = 0.25
ENTERED_LATE: Final = 0.034
ENTERED_VERY_LATE: Final = 0.006
LATE_DAYS: Final = (2, 30)
VERY_LATE_DAYS: Final = (31, 120)

# -- Purchases ------------------------------------------------------------------------------------

FOUND: Final = 0.012
"""Found goods, entered by depots without a seller."""
FOUND_TRADES: Final[Weights] = {"bicycles": 85, "general": 15}
DONOR_RECORDED: Final = 0.60

MODES: Final[dict[str, Weights]] = {
    "phones": {"bought": 62, "traded_in": 36, "consigned": 1, "held": 0.5, "offer_refused": 0.5},
    "bicycles": {"bought": 60, "traded_in": 34, "consigned": 3, "donated": 1, "held": 1,
                 "offer_refused": 1},
    "charity": {"donated": 80, "bought": 12, "consigned": 7, "held": 1},
    "general": {"bought": 88, "traded_in": 5, "consigned": 5, "pawned": 1, "offer_refused": 0.6,
                "held": 0.4},
    "gold": {"bought": 95, "traded_in": 3, "held": 1, "offer_refused": 1},
    "cars": {"bought": 60, "traded_in": 38, "consigned": 2},
    "electronics": {"bought": 78, "traded_in": 18, "consigned": 3, "offer_refused": 1},
    "metal": {"bought": 98, "held": 1, "offer_refused": 1},
    "pawn": {"pawned": 88, "bought": 11, "offer_refused": 1},
    "watches": {"bought": 75, "traded_in": 15, "consigned": 10},
    "art": {"bought": 60, "consigned": 38, "held": 2},
}  # fmt: skip
MODES_OF_A_SALE: Final = ("bought", "traded_in", "consigned", "pawned")
"""The modes in which a shop acquires from who wants to be paid."""
ITEMS_OF_A_PURCHASE: Final[dict[int, float]] = {1: 86, 2: 9, 3: 3, 4: 2}

PAYMENTS: Final[dict[str, Weights]] = {
    "phones": {"cash": 50, "transfer": 45, "voucher": 5},
    "bicycles": {"cash": 55, "transfer": 40, "voucher": 5},
    "charity": {"cash": 80, "voucher": 20},
    "general": {"cash": 65, "transfer": 30, "voucher": 5},
    "gold": {"cash": 45, "transfer": 55},
    "cars": {"cash": 15, "transfer": 85},
    "electronics": {"cash": 45, "transfer": 50, "voucher": 5},
    "metal": {"cash": 60, "transfer": 40},
    "pawn": {"cash": 75, "transfer": 25},
    "watches": {"cash": 30, "transfer": 70},
    "art": {"cash": 35, "transfer": 65},
}
TRADE_IN_PAYMENTS: Final[Weights] = {"barter": 65, "voucher": 30, "cash": 5}
CASH_LIMIT_CENTS: Final = 300_000
CASH_LIMIT_FROM: Final = "2026-01-01"
CASH_KEPT_OVER_LIMIT_BEFORE: Final = 0.70
CASH_KEPT_OVER_LIMIT_AFTER: Final = 0.03
"""Of the payments of 3,000 euro and more that would be in cash: how many are, before and since."""
ACCOUNT_RECORDED: Final = 0.60

# -- Kinds of goods by trade ----------------------------------------------------------------------

KINDS: Final[dict[str, Weights]] = {
    "phones": {"phone": 86, "tablet": 9, "watch": 2, "console": 2, "laptop": 1},
    "bicycles": {"bicycle": 70, "e_bike": 20, "cargo_bike": 4, "moped": 3, "electric_step": 3},
    "charity": {"household": 50, "appliance": 14, "audio": 7, "bicycle": 7, "television": 4,
                "painting": 4, "tool": 4, "instrument": 3, "silverware": 3, "desktop": 2,
                "camera": 2},
    "general": {"console": 16, "laptop": 14, "power_tool": 12, "phone": 10, "tablet": 7,
                "camera": 7, "audio": 7, "television": 5, "tool": 5, "watch": 4, "instrument": 4,
                "appliance": 4, "drone": 2, "bicycle": 1, "household": 2},
    "gold": {"ring": 34, "necklace": 24, "gold_scrap": 18, "coin": 12, "watch": 8,
             "silverware": 4},
    "cars": {"car": 58, "car_part": 28, "motorcycle": 9, "outboard_motor": 3, "moped": 2},
    "electronics": {"laptop": 38, "tablet": 14, "camera": 12, "television": 10, "console": 9,
                    "desktop": 8, "audio": 6, "drone": 3},
    "metal": {"metal_scrap": 93, "car_part": 7},
    "pawn": {"ring": 25, "necklace": 20, "watch": 12, "laptop": 12, "console": 9, "camera": 6,
             "instrument": 6, "phone": 5, "power_tool": 5},
    "watches": {"watch": 94, "ring": 6},
    "art": {"painting": 80, "silverware": 12, "coin": 8},
}  # fmt: skip

# -- Sellers --------------------------------------------------------------------------------------

SALES_OF_A_PERSON: Final[tuple[tuple[float, int, int], ...]] = (
    (0.78, 1, 1),
    (0.15, 2, 3),
    (0.05, 4, 10),
    (0.018, 11, 50),
    (0.002, 51, 220),
)
"""Share of the persons, with the fewest and the most sales."""
SAME_SHOP_AGAIN: Final = 0.55
LIVES_IN_TOWN_OF_SHOP: Final = 0.72
LIVES_NEXT_TOWN: Final = 0.22
SHOPS_WEIGHED_FOR_DISTANCE: Final = 3

SELLER_DOCUMENT: Final = 0.60
SELLER_BORN: Final = 0.70
SELLER_PHONE: Final = 0.50
SELLER_EMAIL: Final = 0.08
SELLER_ADDRESS: Final = 0.95
SELLER_MINOR: Final = 0.001
GIVEN_NAMES: Final = 0.70
"""Full given names; otherwise initials only."""
VEHICLE_PLATE: Final[Weights] = {"metal": 0.40, "cars": 0.05}

NAME_TYPO: Final = 0.015
PREFIX_DROPPED: Final = 0.04
TRANSLITERATED: Final = 0.03
TRANSLITERATED_PLAINLY: Final = 0.60
"""Without diacritics; otherwise spelt out, as ue for ü."""
NAMES_SWAPPED: Final = 0.008
BORN_ON_1_JANUARY: Final = 0.01
MOVES_A_YEAR: Final = 0.08
MOVES_TO_NEXT_TOWN: Final = 0.40
HOUSE_SUFFIX: Final = 0.12
PHONE_FORMS: Final[Weights] = {"bare": 60, "hyphen": 20, "international": 20}
WOMEN: Final = 0.42
PHONE_RECYCLED: Final = 0.005
DOCUMENT_RENEWED: Final = 0.10
DOCUMENTS: Final[Weights] = {
    "identity_card": 38,
    "driving_licence": 34,
    "passport": 22,
    "residence_document": 5,
    "other": 1,
}
DOCUMENT_FOREIGN: Final = 0.06
TUSSENVOEGSEL: Final = 0.27
FOREIGN_NAME: Final = 0.14

HOUSEHOLDS: Final[Weights] = {
    "single": 0.930,
    "relatives": 0.050,
    "family_phone": 0.011,
    "father_and_son": 0.0022,
    "twins": 0.0003,
    "student_house": 0.005,
    "hostel": 0.00005,
}
"""Who share an address. A student house holds 8 to 20 sellers, a hostel 60 to 400."""
STUDENT_HOUSE: Final = (8, 20)
HOSTEL: Final = (60, 400)
LARGEST_HOSTEL_OF_PURCHASES: Final = 0.005

# -- Numbers on goods -----------------------------------------------------------------------------

NUMBER_PRESENT: Final[Weights] = {
    "car": 0.99, "motorcycle": 0.99, "moped": 0.95, "phone": 0.96, "tablet": 0.85,
    "console": 0.85, "laptop": 0.80, "desktop": 0.50, "drone": 0.70, "camera": 0.60,
    "television": 0.40, "audio": 0.30, "bicycle": 0.62, "e_bike": 0.62, "cargo_bike": 0.62,
    "electric_step": 0.60, "outboard_motor": 0.70, "car_part": 0.12, "tool": 0.35,
    "power_tool": 0.35, "appliance": 0.25, "instrument": 0.40, "watch": 0.30, "ring": 0.01,
    "necklace": 0.01, "silverware": 0.01, "household": 0.0, "coin": 0.0, "gold_scrap": 0.0,
    "metal_scrap": 0.0, "painting": 0.0,
}  # fmt: skip
"""A number on the line of a purchase."""

NUMBER_REPORTED: Final[Weights] = {
    "car": 0.98, "motorcycle": 0.97, "moped": 0.92, "phone": 0.55, "tablet": 0.45,
    "console": 0.45, "laptop": 0.45, "desktop": 0.35, "drone": 0.50, "camera": 0.40,
    "television": 0.20, "audio": 0.15, "bicycle": 0.35, "e_bike": 0.35, "cargo_bike": 0.35,
    "electric_step": 0.35, "outboard_motor": 0.60, "car_part": 0.05, "tool": 0.10,
    "power_tool": 0.15, "appliance": 0.05, "instrument": 0.30, "watch": 0.15, "ring": 0.0,
    "necklace": 0.0, "silverware": 0.0, "household": 0.0, "coin": 0.0, "gold_scrap": 0.0,
    "metal_scrap": 0.0, "painting": 0.0,
}  # fmt: skip
"""A usable number in the report of a theft."""

NUMBER_LEGIBLE: Final[Weights] = {
    "bicycle": 0.75, "e_bike": 0.75, "cargo_bike": 0.75, "electric_step": 0.75, "tablet": 0.95,
    "laptop": 0.90, "desktop": 0.75, "drone": 0.85, "camera": 0.75, "television": 0.60,
    "audio": 0.50, "outboard_motor": 0.85, "car_part": 0.30, "tool": 0.50, "power_tool": 0.50,
    "appliance": 0.50, "instrument": 0.60, "watch": 0.50,
}  # fmt: skip
"""Goods that bear a number anybody can read, all of them where the kind is not named. What one
side can read the other can read too, so a shop and the police miss the same goods more often."""

NUMBER_WRITTEN_BY_SHOP: Final[Weights] = {
    "exact": 90.5,
    "dressed": 3,
    "look_alike": 0.75,
    "substituted": 0.75,
    "wrong_kind": 1.5,
    "truncated": 1,
    "second_imei": 1,
    "placeholder": 1,
    "transposed": 0.5,
}
"""How a shop writes a number. Dressed: only separators or case differ. Look-alike: O for 0 and so
on. Wrong kind: the model number, an EAN or a TAC instead. A good with one IMEI has no second, and
keeps it exact."""

NUMBER_WRITTEN_BY_POLICE: Final[Weights] = {
    "exact": 95.6,
    "dressed": 3,
    "look_alike": 0.35,
    "substituted": 0.35,
    "truncated": 0.4,
    "transposed": 0.3,
}
"""How the police write a usable number: with fewer slips than a shop, but not without."""
UNUSABLE_IS_PLACEHOLDER: Final = 0.04
"""Of the reports without a usable number on goods that have one."""
BOTH_IMEI_REPORTED: Final = 0.25
DUAL_SIM: Final = 0.70
PLATE_SHOWN: Final = 0.93
VIN_SHOWN: Final = 0.55
CHIP_FITTED: Final = 0.07
SERIAL_BESIDE_IMEI: Final = 0.06

FACTORY_RUN: Final = 0.30
FACTORY_RUN_LENGTH: Final = 32
FRAME_OF_OTHER_BRAND: Final = 0.005
FRAME_TWICE_IN_BRAND: Final = 0.0005

FLOODED_GOODS: Final = 400
FLOODED_SHARE: Final = 0.008
FLOODED_FEWEST: Final = 80
FLOODED_STOLEN: Final = 0.40
FLOOD_FROM_PURCHASES: Final = 1_000
"""One model number stands as a serial on 400 goods, or on 0.8 % of a smaller world, 40 % of them
stolen; never on so few that a cap of 25 a side would miss it. Tiny worlds have no such number."""

# -- Brand and model, as written ------------------------------------------------------------------

BRAND_WRITTEN_BY_SHOP: Final = 0.95
BRAND_WRITTEN_BY_POLICE: Final = 0.94
MODEL_WRITTEN_BY_SHOP: Final[Weights] = {"phone": 0.95, "tablet": 0.92, "console": 0.95,
                                         "laptop": 0.85, "car": 0.96, "bicycle": 0.66,
                                         "e_bike": 0.78, "": 0.78}  # fmt: skip
MODEL_WRITTEN_BY_POLICE: Final[Weights] = {"phone": 0.93, "tablet": 0.85, "console": 0.94,
                                           "laptop": 0.75, "car": 0.97, "bicycle": 0.62,
                                           "e_bike": 0.80, "": 0.72}  # fmt: skip
"""The share of goods whose model is written; the empty kind is every other kind."""
BRAND_ALIAS: Final = 0.05
BRAND_TYPO: Final = 0.007
BRAND_CASE: Final = 0.06
BRAND_WRONG: Final = 0.003
MODEL_CASE: Final = 0.06
MODEL_OTHER: Final = 0.015

# -- Stolen goods ---------------------------------------------------------------------------------

STOLEN_KINDS: Final[Weights] = {
    "bicycle": 36, "e_bike": 10, "phone": 14, "laptop": 6, "moped": 4, "car_part": 5,
    "power_tool": 4, "ring": 3, "necklace": 3, "car": 2.5, "tablet": 2, "tool": 2, "camera": 1.5,
    "console": 1.5, "watch": 1.5, "audio": 1.2, "cargo_bike": 1.2, "television": 0.8,
    "metal_scrap": 0.8, "outboard_motor": 0.7, "electric_step": 0.7, "desktop": 0.5,
    "instrument": 0.5, "motorcycle": 0.5, "coin": 0.5, "silverware": 0.4, "painting": 0.3,
    "appliance": 0.3, "drone": 0.3, "gold_scrap": 0.2, "household": 0.2,
}  # fmt: skip
"""Every kind that a shop may take in stolen is here too, or its report alone would betray it."""

STOLEN_AMONG_PURCHASES: Final[Weights] = {
    "bicycle": 0.018, "e_bike": 0.018, "cargo_bike": 0.018, "moped": 0.015, "electric_step": 0.015,
    "phone": 0.009, "tablet": 0.009, "laptop": 0.011, "desktop": 0.006, "console": 0.010,
    "camera": 0.012, "drone": 0.010, "television": 0.006, "audio": 0.008, "watch": 0.010,
    "ring": 0.006, "necklace": 0.006, "gold_scrap": 0.006, "coin": 0.006, "silverware": 0.004,
    "power_tool": 0.012, "tool": 0.008, "instrument": 0.006, "appliance": 0.002, "car": 0.005,
    "motorcycle": 0.008, "car_part": 0.008, "outboard_motor": 0.012, "metal_scrap": 0.006,
    "painting": 0.002, "household": 0.0005,
}  # fmt: skip
STOLEN_AMONG_CHARITY: Final = 0.0005
"""In a charity shop, whatever the kind."""

THEFT_REPORTED: Final[Weights] = {
    "bicycle": 0.30,
    "phone": 0.40,
    "burglary": 0.75,
    "vehicle": 0.95,
    "vehicle_part": 0.50,
    "metal": 0.40,
}

SOLD_SAME_DAY: Final = 0.20
SOLD_AFTER_DAYS: Final[Quantiles] = ((0.20, 1.0), (0.50, 3), (0.85, 30), (0.95, 365), (1.0, 700))
REPORTED_AFTER_DAYS: Final[Quantiles] = ((0.0, 0.02), (0.5, 1), (0.9, 10), (0.97, 60), (1.0, 300))
THEFT_LASTS_MINUTES: Final = 600
THEFT_LASTS_SIGMA: Final = 0.9
THEFT_LASTS_SNATCHED_MINUTES: Final = (5, 90)
SNATCHED: Final = 0.5
"""Of the telephones: taken within minutes, not overnight."""
HOLIDAY_BURGLARY: Final = 0.30
HOLIDAY_MONTHS: Final = ("07", "08", "12")
HOLIDAY_DAYS: Final = (10, 18)
OLD_THEFT: Final = 0.12
"""Stolen in the two years before the first purchase."""
THEFT_PRECISION: Final[Weights] = {"minute": 55, "hour": 25, "day": 20}
THEFT_END_UNKNOWN: Final = 0.08
ITEMS_OF_A_THEFT: Final[dict[str, dict[int, float]]] = {
    "bicycle": {1: 92, 2: 7, 3: 1},
    "phone": {1: 88, 2: 10, 3: 2},
    "burglary": {1: 40, 2: 25, 3: 17, 4: 10, 5: 5, 6: 3, 7: 0.8, 8: 0.5, 9: 0.4, 10: 0.3,
                 11: 0.25, 12: 0.2, 13: 0.15, 14: 0.1, 15: 0.1},
    "vehicle": {1: 100},
    "vehicle_part": {1: 80, 2: 15, 4: 5},
    "metal": {1: 100},
}  # fmt: skip
"""A burglary of nobody's interest is as large as the series that a ring sells, now and then."""
OFFENCES: Final[dict[str, Weights]] = {
    "bicycle": {"diefstal van fiets": 92, "diefstal uit schuur of box": 8},
    "phone": {"zakkenrollerij": 45, "diefstal": 30, "straatroof": 15, "inbraak woning": 10},
    "burglary": {"inbraak woning": 62, "inbraak bedrijf": 18, "diefstal uit voertuig": 20},
    "vehicle": {"diefstal van voertuig": 100},
    "vehicle_part": {"diefstal vanaf voertuig": 70, "diefstal uit bedrijf": 30},
    "metal": {"diefstal uit bedrijf": 100},
}
STOLEN_IN_TOWN_OF_SHOP: Final = 0.55
STOLEN_NEXT_TOWN: Final = 0.30
"""Where a good was stolen that a shop took in, or takes in later."""
DESCRIBED_BY_OWNER: Final = 0.60
DESCRIBED_BY_SHOP: Final = 0.30
"""More than brand and model; a shop always says more where it writes no model."""
PLACE_POSTCODE: Final = 0.60
PLACE_POINT: Final = 0.45
HANDLING: Final[Weights] = {"open": 98.9, "consent": 1.0, "confidential": 0.08, "closed": 0.02}

RECOVERED: Final = 0.06
RECOVERED_FROM_THE_START: Final = 0.30
"""Of the recovered goods: written once, when they had been found already."""
RECOVERED_AFTER_DAYS: Final[Quantiles] = ((0.0, 0.5), (0.5, 14), (0.9, 90), (1.0, 400))
MISTAKEN: Final = 0.01
MISTAKEN_IS_DUPLICATE: Final = 0.30
MISTAKEN_AFTER_DAYS: Final[Quantiles] = ((0.0, 0.2), (0.5, 4), (0.9, 40), (1.0, 200))
TWO_SOURCES: Final = 0.04
"""Stolen goods that the insurers report too, in a file of their own."""
SECOND_REPORT_AFTER_DAYS: Final[Quantiles] = ((0.0, 0.2), (0.5, 6), (0.9, 30), (1.0, 90))

# -- Innocent twins of a hit ----------------------------------------------------------------------

TWINS_PER_FULL_HIT: Final = 1.0
TWIN_STOLEN_AFTER_DAYS: Final[Quantiles] = ((0.0, 8), (0.5, 90), (1.0, 500))
RECOVERED_SOLD_AGAIN: Final = 0.15
RECOVERED_SOLD_AGAIN_TO_SHOP: Final = 0.25
"""Of the recovered goods that are lawfully sold again: to a dealer instead of privately."""
SOLD_AGAIN: Final[Weights] = {"phone": 0.012, "": 0.003}
"""Bought goods that pass through shops two to four times in all; the empty kind is the others."""
SOLD_AGAIN_TIMES: Final[dict[int, float]] = {1: 75, 2: 18, 3: 7}
WAITING_IS_TAKEN: Final = 0.5
"""How often a sale is of a good that was here before, while one of its kind waits for it."""
SOLD_AGAIN_AFTER_DAYS: Final[Quantiles] = ((0.0, 10), (0.5, 120), (1.0, 600))

# -- Prices ---------------------------------------------------------------------------------------

PAID_OF_NEW: Final[dict[str, tuple[float, float]]] = {
    "phone": (0.12, 0.50), "tablet": (0.12, 0.45), "laptop": (0.12, 0.45), "bicycle": (0.08, 0.40),
    "e_bike": (0.15, 0.50), "cargo_bike": (0.2, 0.55), "watch": (0.25, 0.65), "car": (0.08, 0.55),
    "motorcycle": (0.15, 0.60), "moped": (0.15, 0.50), "ring": (0.40, 0.60),
    "necklace": (0.40, 0.60),
    "gold_scrap": (0.50, 0.62), "coin": (0.55, 0.63), "silverware": (0.35, 0.55),
    "metal_scrap": (0.35, 0.55), "": (0.08, 0.40),
}  # fmt: skip
"""What a shop pays, as a share of the price when new; the empty kind is the others."""
VALUE_OF_NEW: Final = (0.35, 1.0)
VALUE_REPORTED: Final = 0.75

# -- Companies that sell, all of them innocent ----------------------------------------------------

DEALER_TO_DEALER: Final = 0.008
"""Of all purchases: bought from another dealer."""
DEALER_TO_DEALER_VISITS: Final = (2, 10)
DEALER_TO_DEALER_ITEMS: Final = (1, 4)
RECOVERED_SOLD_BY_COMPANY: Final = 0.30
"""Of the recovered goods that are lawfully sold again to a dealer: by the insurer that paid, or, of
bicycles, by the depot where nobody asked for them."""
FLEETS: Final = 40
"""For each million purchases: a company that sells thirty goods with consecutive numbers, of which
some neighbours were stolen and never came to a shop."""
FLEET_GOODS: Final = 30
FLEET_NEIGHBOURS_STOLEN: Final = (1, 4)

# -- Planted crimes -------------------------------------------------------------------------------

CRIMES_FROM_PURCHASES: Final = 5_000
"""Smaller worlds have no planted crimes. From here on there is at least one of every form below, so
that a small world holds more of them for its size than the table says."""

PLANTED: Final[dict[str, Weights]] = {
    "prolific": {"with_hits": 20, "without_hits": 20},
    "ring": {"by_phone": 4, "by_address": 3, "by_presence": 3, "by_series": 2},
    "straw": {"linked": 20, "unlinked": 5},
    "bad_shop": {"many_hits": 5, "no_numbers": 5, "late": 3, "invented": 2},
    "structuring": {"one_dealer": 18, "branches": 6, "household": 6},
    "borrowed_document": {"own_name": 15},
    "sold_then_reported": {"owner": 20},
}
"""How many of each kind and form there are for each million purchases."""

LOOK_ALIKES_OF_A_CRIME: Final = 10
LOOK_ALIKES: Final[dict[str, Weights]] = {
    "prolific": {"house_clearer": 4, "estate": 3, "shop_staff": 3},
    "ring": {"sports_team": 4, "family": 3, "housemates": 2, "market_buyers": 1},
    "straw": {"repair_shop_customers": 5, "sports_team": 3, "heirs": 2},
    "bad_shop": {"large_honest_shop": 1},
    "structuring": {"bank_transfers": 3, "pattern_of_2025": 3, "inherited_gold": 2,
                    "estate_in_instalments": 2},
    "borrowed_document": {"maiden_name": 4, "clerks_slip": 3, "parent_and_child": 3},
    "sold_then_reported": {"stolen_from_buyer": 1},
}  # fmt: skip
"""What looks like each kind of crime and is innocent, ten for each crime, drawn by weight."""

PROLIFIC_SALES: Final = (6, 60)
PROLIFIC_STOLEN: Final = (0.20, 0.80)
PROLIFIC_SPAN_DAYS: Final = (40, 600)
PROLIFIC_UNREPORTED: Final = 0.40
"""Of the stolen goods of one without hits: not reported; the others have lost their numbers."""
PROLIFIC_HITS: Final = (1, 3)
"""Goods of one with hits that bear a number, exactly as the police have it."""

RING_MEMBERS: Final = (3, 9)
RING_SALES: Final = (2, 5)
RING_NEXT_TOWN: Final = 0.50
RING_STOLEN: Final = 0.45
RING_SPAN_DAYS: Final = (30, 200)
RING_OCCASIONS: Final = (2, 5)
TOGETHER_MINUTES: Final = 20
SERIES_GOODS: Final = (6, 15)
SERIES_SOLD_WITHIN_DAYS: Final = 45

STRAW_SELLERS: Final = (4, 20)
STRAW_STOLEN: Final = 0.70
STRAW_SPAN_DAYS: Final = (20, 120)
STRAW_LINKS: Final[Weights] = {"phone": 40, "presence": 30, "factory_run": 30}
"""What the register can record of those who sent them; a straw seller gives the phone number of
the one who sent them, or comes along with another, or sells goods with neighbouring numbers."""

MANY_HITS_FACTOR: Final = (3.0, 8.0)
MANY_HITS_FEWEST_ENTRIES: Final = 400
NO_NUMBERS_FACTOR: Final = 3.0
"""How many times more stolen goods than its peers a shop takes in that leaves off their numbers."""
NUMBER_LEFT_OFF: Final = 0.85
LATE_SHARE: Final = (0.25, 0.50)
INVENTED_SELLERS: Final = (6, 15)
RECYCLED_SELLERS: Final = (8, 20)
RECYCLED_WITHIN_MINUTES: Final = 5
"""An identity of an honest seller, entered while that seller is at a counter in another town."""

SPLIT_PAYMENTS: Final = (2, 6)
SPLIT_CENTS: Final = (300_000, 1_200_000)
SPLIT_WITHIN_DAYS: Final = 21
INHERITED_CENTS: Final = (120_000, 295_000)

SPLIT_HOUSEHOLD_OTHERS: Final = (1, 2)

BORROWED_SALES: Final = (2, 5)
BORROWED_STOLEN: Final = 0.40
LENDER_SALES: Final = (1, 3)

CLAIMED_AFTER_DAYS: Final = (1, 5)
"""An owner sells and then says it was stolen, so many days after the sale."""
STOLEN_FROM_BUYER_AFTER_DAYS: Final = (2, 9)

CLEARED_NEXT_TOWN: Final = 0.40
LEFT_BEHIND_ITEMS: Final = (1, 3)
ESTATE_SALES: Final = (6, 25)
ESTATE_DAYS: Final = 120
STAFF_SALES: Final = (6, 40)
STAFF_DAYS: Final = 500
TEAM_EVENINGS: Final = (1, 3)
TEAM_DAYS: Final = 300
TEAM_GIVES_ONE_PHONE: Final = 0.50
FAMILY_OTHERS: Final = (2, 5)
MARKET_BUYERS: Final = (3, 5)
HEIRS_OTHERS: Final = (3, 6)
HEIR_SALES: Final = (1, 2)
HEIR_DAYS: Final = 90
MARRIED_SALES: Final = (2, 5)
MARRIED_DAYS: Final = 500
NOW_AND_THEN: Final = (1, 3)
NOW_AND_THEN_DAYS: Final = 400
"""How often, and within how many days, those sell who look like a crime and are innocent."""

# -- Staff and what they read ---------------------------------------------------------------------

STAFF_FROM_PURCHASES: Final = 1_000_000
"""From this size on the staff is complete; smaller worlds have it in proportion, with at least 40
officers, 12 cases, 3,000 reads and one of each misuse."""
OFFICERS: Final = 400
OFFICERS_AT_LEAST: Final = 40
CASES: Final = 60
CASES_AT_LEAST: Final = 12
READS: Final = 300_000
READS_AT_LEAST: Final = 3_000
MISUSE: Final[dict[str, int]] = {
    "self": 15,
    "former_partner": 12,
    "neighbour": 10,
    "celebrity": 8,
    "broker": 6,
    "break_glass": 5,
    "unrelated_subject": 4,
    "after_leaving": 3,
    "reviewer_self": 2,
}
BROKERED_PERSONS: Final = 30
OFFICER_ROLES: Final[Weights] = {
    "district_detective": 45, "hic_team": 18, "team_leader": 6, "boa_1": 14, "boa_2": 8,
    "financial_investigator": 6, "authorised_officer": 3,
}  # fmt: skip
CASE_ARTICLES: Final[Weights] = {"sr:416": 40, "sr:417bis": 35, "sr:417": 10, "sr:420bis": 15}
CASE_CATEGORIES: Final[Weights] = {"suspect": 60, "concerned": 30, "witness": 10}
CASE_MEMBERS: Final = (4, 9)
CASE_SUBJECTS: Final = (3, 9)
CASE_DAYS: Final = (40, 200)
LEAVES_CASE_EARLY: Final = 0.35
TASK_ABOUT: Final = (3, 9)
TASK_DAYS: Final = (3, 15)
TASK_EVERY_DAYS: Final = 25
DAYS_ON_SHIFT: Final = 0.60
READ_WHILE_CONTROLLING: Final = 0.30
"""Of the reads for a duty: while the dealer is controlled."""
GLASS_BROKEN_BECAUSE: Final[Weights] = {
    "melding van heterdaad, geen dossier": 40,
    "spoed": 25,
    "verdachte wordt aangehouden": 20,
    "navraag van de meldkamer": 15,
}
"""What is written by who breaks the glass, with need or without."""
READ_PATHS: Final[Weights] = {"case": 38, "task": 22, "duty": 33, "cover": 1.6, "hand_over": 0.9,
                              "namesake": 1.0, "on_call": 1.5, "training": 1.0,
                              "unexplained": 1.0}  # fmt: skip
"""Why an officer reads: 93 of 100 by a case, a task or a duty that is about what is read; the
others are lawful oddities, or leave no trace of their reason."""

# -- The listing ----------------------------------------------------------------------------------


def listing() -> dict[str, object]:
    """Return the whole table by name, to be printed beside any figure that rests on it."""
    here = vars(sys.modules[__name__])
    return {name.lower(): value for name, value in here.items() if name.isupper()}
