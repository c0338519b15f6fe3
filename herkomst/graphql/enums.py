"""The words of the registers, spelled as on the wire."""

from enum import Enum
from typing import Any

import strawberry


def _word(word: str, meaning: str) -> Any:
    return strawberry.enum_value(word, description=meaning)


@strawberry.enum(description="How much of two goods agrees. A grade is no probability.")
class Grade(Enum):
    full_hit = _word("full_hit", "A number, brand and model agree.")
    hit = _word("hit", "A number agrees; something else is missing or differs.")
    look_alike = _word("look_alike", "Numbers agree but for characters that look alike.")
    one_edit = _word("one_edit", "Numbers agree but for one slip.")
    part = _word("part", "A part of a number agrees.")
    suggestion = _word("suggestion", "Descriptions agree, without a number.")


@strawberry.enum(description="Whether the good was bought surely after the theft.")
class HitTime(Enum):
    after = _word("after", "The purchase lies after the theft.")
    unclear = _word("unclear", "The purchase lies within the interval of the theft.")


@strawberry.enum(description="What became of a hit.")
class HitState(Enum):
    found = _word("found", "Nobody has looked at it yet.")
    assessed = _word("assessed", "A person took it up.")
    confirmed = _word("confirmed", "A person confirmed the hit; it says nothing of who owns it.")
    rejected = _word("rejected", "A person rejected it, on the facts as they were compared.")
    closed = _word("closed", "The facts no longer make it a hit.")


@strawberry.enum(description="Why a hit is rejected.")
class Rejection(Enum):
    other_good = _word("other_good", "It is another good.")
    wrong_number = _word("wrong_number", "A number was written down wrongly.")
    lawful_sale = _word("lawful_sale", "The owner sold it.")
    placeholder = _word("placeholder", "The number is no number of this good.")
    other = _word("other", "Another reason, told in the case.")


@strawberry.enum(description="Whether a mute of a number holds.")
class MuteState(Enum):
    running = _word("running", "The number founds no new hit.")
    lifted = _word("lifted", "Somebody lifted it before its end.")
    lapsed = _word("lapsed", "It came to its end.")


@strawberry.enum(description="What a person makes of a suggestion.")
class SuggestionVerdict(Enum):
    taken_up = _word("taken_up", "He takes it up: he looked at both goods.")
    confirmed = _word("confirmed", "As far as he sees, the goods are the same.")
    rejected = _word("rejected", "It is none, on what is said of both.")


@strawberry.enum(description="What a feature of two goods weighs, by how rare it is to agree so.")
class FeatureWeight(Enum):
    strong = _word("strong", "It speaks strongly for it: few others agree so.")
    fair = _word("fair", "It speaks for it.")
    weak = _word("weak", "It hardly speaks for it: many agree so.")
    nothing = _word("nothing", "It says nothing, or is missing on a side.")
    against = _word("against", "It speaks against it.")
    strongly_against = _word("strongly_against", "It speaks strongly against it.")


@strawberry.enum(description="What the unit that owns a report says of its signal.")
class SignalVerdict(Enum):
    stands = _word("stands", "The signal stands, and it is about this good.")
    recovered = _word("recovered", "The good was recovered; its source is to say so.")
    withdrawn = _word("withdrawn", "The report was withdrawn; its source is to say so.")
    other_good = _word("other_good", "It is about another good.")
    unclear = _word("unclear", "It cannot be told.")


@strawberry.enum(description="What became of a hit after it was found.")
class SequelState(Enum):
    unanswered = _word("unanswered", "The unit that owns the report has not answered.")
    denied = _word("denied", "It does not confirm the signal.")
    confirmed = _word("confirmed", "It confirmed the signal, and nobody ordered anything.")
    ordered = _word("ordered", "An order to keep the good runs.")
    released = _word("released", "An officer let the order end.")
    lapsed = _word("lapsed", "The term of the order went by.")
    seized = _word("seized", "The good is seized.")
    contested = _word("contested", "A complaint of that is open.")
    returned = _word("returned", "The prosecutor decided that it goes back.")


@strawberry.enum(description="A part of what follows a hit.")
class MeasureKind(Enum):
    signal = _word("signal", "The answer of the unit that owns the report.")
    period = _word("period", "The holding period (bewaartermijn) of the municipality.")
    order = _word("order", "A written order to keep (bevel tot bewaring, art. 437(1)(f) Sr).")
    seizure = _word("seizure", "Seizure (inbeslagneming, art. 94 Sv).")
    notice = _word("notice", "The dealer was told.")


@strawberry.enum(description="How a part of what follows a hit stands.")
class MeasureState(Enum):
    done = _word("done", "It was said; it has no term.")
    running = _word("running", "It keeps the good where it is.")
    announced = _word("announced", "Its return was announced, and a complaint may be lodged.")
    returnable = _word("returnable", "The term for a complaint is over, or it was decided on.")
    contested = _word("contested", "A complaint is open.")
    released = _word("released", "An officer let it end.")
    returned = _word("returned", "The prosecutor decided that the good goes back.")
    seized = _word("seized", "It ended when the good was seized.")
    lapsed = _word("lapsed", "Its term went by.")


@strawberry.enum(description="What a term is counted in, from the legal day after it began.")
class TermUnit(Enum):
    day = _word("day", "Calendar days.")
    working_day = _word("working_day", "Working days (werkdagen).")
    week = _word("week", "Weeks.")
    month = _word("month", "Months.")
    year = _word("year", "Years.")


@strawberry.enum(description="In which way a seized good goes back (art. 116 and 353 Sv).")
class ReturnWay(Enum):
    to_holder = _word("to_holder", "To whom it was seized from.")
    to_entitled_after_waiver = _word(
        "to_entitled_after_waiver", "To who is entitled, after a written waiver (afstand)."
    )
    to_entitled_after_notice = _word(
        "to_entitled_after_notice", "To who is entitled, after notice and the term for a complaint."
    )
    by_court = _word("by_court", "As the court decided.")


@strawberry.enum(description="Who complains (art. 552a Sv).")
class ComplaintParty(Enum):
    holder = _word("holder", "Whom it was seized from.")
    entitled = _word("entitled", "Who says to be entitled to it.")
    other = _word("other", "Somebody else who is concerned.")


@strawberry.enum(description="What became of a complaint.")
class ComplaintOutcome(Enum):
    upheld = _word("upheld", "The court upheld it.")
    dismissed = _word("dismissed", "The court dismissed it.")
    withdrawn = _word("withdrawn", "It was withdrawn.")


@strawberry.enum(description="On what a reveal stands.")
class RevealBasis(Enum):
    case = _word("case", "The person, or what he sold, is in the case that is the purpose.")
    hit = _word("hit", "A hit that stands is on what he sold.")
    order = _word("order", "An order (bevel) of the prosecutor, in a case.")
    emergency = _word("emergency", "The glass was broken, and that is the purpose.")


@strawberry.enum(description="What became of a request for access.")
class AccessState(Enum):
    asked = _word("asked", "The owner is to answer within his term.")
    overdue = _word("overdue", "The term went by; it is still to be answered.")
    granted = _word("granted", "It may be read for the purpose, until a moment.")
    ended = _word("ended", "It was granted, and that moment has come.")
    refused = _word("refused", "The owner refused it, or took it back.")


@strawberry.enum(description="On what access is refused.")
class AccessRefusal(Enum):
    investigation = _word("investigation", "The interest of an investigation.")
    protection = _word("protection", "The protection of somebody.")
    no_need = _word("no_need", "The purpose does not need it.")
    other = _word("other", "Another ground, told in the answer.")


@strawberry.enum(description="How somebody came upon a closed report.")
class MatchHow(Enum):
    report = _word("report", "He asked for it by its id.")
    number = _word("number", "He searched for a number that stands in it.")
    good = _word("good", "He looked at the good that was bought, or at who sold it.")
    case = _word("case", "For his case he took up what belongs to a secret investigation.")


@strawberry.enum(description="For what the glass is broken.")
class Emergency(Enum):
    life = _word("life", "A life is in danger.")
    escape = _word("escape", "Somebody is about to get away.")
    evidence = _word("evidence", "Evidence is about to be lost.")


@strawberry.enum(description="What a reviewer found.")
class GlassVerdict(Enum):
    lawful = _word("lawful", "It was lawful.")
    training = _word("training", "It was a mistake; the officer is to be taught.")
    report = _word("report", "It is to be reported.")


@strawberry.enum(description="How a dealer came to have a good.")
class Mode(Enum):
    bought = _word("bought", "Bought (ingekocht).")
    traded_in = _word("traded_in", "Traded in (ingeruild).")
    pawned = _word("pawned", "Pawned (in pand).")
    consigned = _word("consigned", "Held for sale on commission (consignatie).")
    found = _word("found", "Found.")
    donated = _word("donated", "Given.")
    held = _word("held", "Held without a purchase.")
    offer_refused = _word("offer_refused", "Offered, and refused by the dealer.")


@strawberry.enum(description="What its source says of a stolen item.")
class ItemStatus(Enum):
    reported = _word("reported", "Reported stolen.")
    withdrawn = _word("withdrawn", "Withdrawn as mistaken or as a duplicate (afgesignaleerd).")
    recovered = _word("recovered", "Found again (teruggevonden).")


@strawberry.enum(description="What became of a notification. It is no licence.")
class DealerState(Enum):
    notified = _word("notified", "The dealer notified (melding, art. 437ter Sr).")
    accepted = _word("accepted", "The municipality opened the account.")
    refused = _word("refused", "The municipality refused the account; the duty stands.")
    ceased = _word("ceased", "The dealer ceased trading.")


@strawberry.enum(description="Whether a presented identity still exists.")
class PresentationState(Enum):
    presented = _word("presented", "It was presented, and is kept sealed.")
    comparable = _word(
        "comparable", "It is only compared, and read by who works in a case that it is in."
    )
    erased = _word("erased", "It was erased; its key is destroyed.")


@strawberry.enum(description="Of what an entry of a trail tells.")
class TrailKind(Enum):
    purchase = _word("purchase", "A purchase, its register number included.")
    presentation = _word("presentation", "A presented identity; never whose it is.")
    stolen_item = _word("stolen_item", "A stolen good.")
    hit = _word("hit", "A hit, and what was decided on it.")
    sequel = _word("sequel", "What followed a hit: its signal, and what keeps the good.")
    case = _word("case", "A case that you may know of.")
    reveal = _word("reveal", "That an identity was revealed to somebody.")
    request = _word("request", "That its owner was asked for it, and what he answered.")
    keeping = _word("keeping", "What may be done with its key, by a clock.")
    hold = _word("hold", "That it is held although its clock runs out.")
    match = _word("match", "That its owner was told who came upon it.")
    read = _word("read", "That somebody read one of these.")
    attempt = _word("attempt", "That somebody tried something with it, and it came to nothing.")


@strawberry.enum(description="What a dealer trades in.")
class Trade(Enum):
    phones = "phones"
    bicycles = "bicycles"
    charity = "charity"
    general = "general"
    gold = "gold"
    cars = "cars"
    electronics = "electronics"
    metal = "metal"
    pawn = "pawn"
    art = "art"
    watches = "watches"
    tools = "tools"


@strawberry.enum(description="Whether a case is worked in.")
class CaseState(Enum):
    open = _word("open", "It is worked in.")
    closing = _word("closing", "Its closing was proposed, and is being reviewed.")
    closed = _word("closed", "It is closed, and no purpose any more.")


@strawberry.enum(description="What became of something between two days.")
class Became(Enum):
    there = _word("there", "It came: on the first day it was not there.")
    gone = _word("gone", "It went: on the last day it was not there any more.")
    other = _word("other", "It changed.")


@strawberry.enum(description="What a member does in a case.")
class CasePart(Enum):
    lead = _word("lead", "Leads it (teamleider).")
    investigator = _word("investigator", "Works in it.")
    reader = _word("reader", "Reads it.")


@strawberry.enum(
    description="What somebody who joins does in a case; its lead changes by hand-over."
)
class JoiningPart(Enum):
    investigator = _word("investigator", "Works in it.")
    reader = _word("reader", "Reads it.")


@strawberry.enum(description="What can be part of a case.")
class ItemKind(Enum):
    purchase = _word("purchase", "A purchase.")
    stolen_item = _word("stolen_item", "A stolen item.")
    hit = _word("hit", "A hit.")


@strawberry.enum(description="In which category a person stands in a case (art. 6b Wpg).")
class Category(Enum):
    suspect = _word("suspect", "A suspect (verdachte).")
    victim = _word("victim", "A victim (slachtoffer).")
    witness = _word("witness", "A witness (getuige).")
    other = _word("other", "Somebody else.")


@strawberry.enum(description="What a note states; facts and opinions are kept apart (art. 6b Wpg).")
class NoteKind(Enum):
    fact = _word("fact", "A fact.")
    opinion = _word("opinion", "An opinion.")


@strawberry.enum(description="How a task ended.")
class TaskOutcome(Enum):
    done = _word("done", "It was done.")
    dropped = _word("dropped", "It need not be done any more.")


@strawberry.enum(description="Who may see what, by its owner (afhandelingscode, art. 2:11 Bpg).")
class Handling(Enum):
    open = _word("open", "All of it is seen.")
    consent = _word("consent", "It is told to exist; the rest after consent.")
    confidential = _word("confidential", "It is told to exist, and withheld.")
    closed = _word("closed", "Not even that it exists is told.")


@strawberry.enum(description="How far the review of a read is.")
class ReviewState(Enum):
    queued = _word("queued", "It waits for a reviewer.")
    asked = _word("asked", "The officer was asked about it.")
    answered = _word("answered", "The officer answered.")
    decided = _word("decided", "It was judged.")


@strawberry.enum(description="What a review is of.")
class ReviewOf(Enum):
    read = _word("read", "A read that was queued.")
    glass = _word("glass", "One time that the glass was broken.")


@strawberry.enum(description="Why a read is in the queue; neither says that anything is wrong.")
class ReviewWhy(Enum):
    rank = _word("rank", "It ranks among the highest.")
    lot = _word("lot", "It was drawn by lot, as any read may be.")


@strawberry.enum(description="What a reviewer found.")
class ReviewVerdict(Enum):
    lawful = _word("lawful", "The read was lawful.")
    training = _word("training", "It was not as it should be, and is talked over.")
    report = _word("report", "It is reported to who investigates it.")


@strawberry.enum(description="What may be done with a key, from all to nothing.")
class KeyState(Enum):
    active = _word("active", "It is read by who may.")
    comparable = _word("comparable", "It is compared, and read in a case that it is in alone.")
    vault = _word("vault", "It lies shut, for complaints and accounting (art. 14 Wpg).")
    destroyed = _word("destroyed", "It was destroyed, and opens nothing any more.")


@strawberry.enum(description="What has a clock; the first four can be held.")
class HeldKind(Enum):
    purchase = _word("purchase", "A purchase, with the identity that was presented.")
    presentation = _word("presentation", "A presented identity.")
    stolen_item = _word("stolen_item", "A report of a stolen good.")
    case = _word("case", "A case with its texts.")
    hit = _word("hit", "A hit.")
    passage = _word("passage", "An earlier passage that never was a hit.")
    reveal = _word("reveal", "Why names were revealed to an officer on a day, by the stream of it.")
    glass = _word("glass", "Why the glass was broken once, and the verdict.")
    hold = _word("hold", "Why a hold was placed, and lifted.")
    access_request = _word("access_request", "Why access was asked for, and the answer.")
    authorisation = _word("authorisation", "Why somebody was authorised, and that was ended.")
    review = _word("review", "What was asked, answered and found in the review of a read.")
    person_request = _word("person_request", "The request of a person, and the answer.")
    sequel = _word("sequel", "Why a part of what followed a hit was decided.")
    alert = _word("alert", "What an alert looks for and why, and what a sighting was worth.")
    number_mute = _word("number_mute", "Why a number was muted, and that was lifted.")
    dealer = _word("dealer", "How a dealer is reached.")
    officer = _word("officer", "What the feed of personnel told of an officer.")


@strawberry.enum(description="How a request of a person ended.")
class RequestOutcome(Enum):
    told = _word("told", "The person was told.")
    refused = _word("refused", "It was refused, with the reason.")
    withdrawn = _word("withdrawn", "The person asks no longer.")


@strawberry.enum(description="In which role somebody acts; the policy says what each may.")
class Role(Enum):
    district_detective = _word(
        "district_detective", "Detective of a district (districtsrecherche)."
    )
    hic_team = _word("hic_team", "Team against high-impact crime (HIC).")
    team_leader = _word("team_leader", "Leads a team, and oversees its cases.")
    authorised_officer = _word("authorised_officer", "Authorised officer (bevoegd functionaris).")
    financial_investigator = _word(
        "financial_investigator", "Financial investigator of police or FIOD."
    )
    prosecutor = _word("prosecutor", "Prosecutor (officier van justitie).")
    prosecution_clerk = _word("prosecution_clerk", "Clerk of the prosecutor (parketsecretaris).")
    boa_1 = _word("boa_1", "Special investigating officer, domain I (boa).")
    boa_2 = _word("boa_2", "Special investigating officer, domain II (boa).")
    municipal_clerk = _word("municipal_clerk", "Clerk of a municipality.")
    source = _word("source", "A source that hands in its own records.")
    dealer = _word("dealer", "A dealer, or who works for him.")
    depot = _word("depot", "Depot of found goods, such as bicycles (fietsdepot).")
    privacy_officer = _word("privacy_officer", "Privacy officer (privacyfunctionaris).")
    access_reviewer = _word("access_reviewer", "Reviews who looked at what.")
    auditor = _word("auditor", "Auditor (art. 33 Wpg).")
    administrator = _word("administrator", "Administrator, who sees no content.")
    defence = _word("defence", "Counsel of a suspect, or his expert.")


@strawberry.enum(description="In which order what was found comes; what is equal, by its id.")
class SearchOrder(Enum):
    relevance = _word("relevance", "The best answer first, of equal ones the newest.")
    newest = _word("newest", "What was acquired, stolen or notified last comes first.")
    oldest = _word("oldest", "What was acquired, stolen or notified first comes first.")


@strawberry.enum(description="What an alert looks for.")
class AlertKind(Enum):
    person_of_interest = _word(
        "person_of_interest", "Who presented himself once presents himself again."
    )
    saved_search = _word("saved_search", "A good that a search would find is acquired.")
    windowed = _word("windowed", "Somebody brings so many goods, or so much, within some days.")


@strawberry.enum(description="Where an alert is told.")
class AlertChannel(Enum):
    case = _word("case", "In the list of the case, which may be watched.")


@strawberry.enum(description="How an alert stands at this moment.")
class AlertState(Enum):
    set = _word("set", "It was set with a dry run, and fires on nothing yet.")
    active = _word("active", "It fires, unless it is muted.")
    withdrawn = _word("withdrawn", "It was withdrawn (afsignalering).")
    lapsed = _word("lapsed", "Its end date came.")


@strawberry.enum(description="What became of a sighting.")
class SightingState(Enum):
    open = _word("open", "Nobody has answered it.")
    in_hand = _word("in_hand", "Somebody is at it; what fires is added to it.")
    useful = _word("useful", "It was of use.")
    not_useful = _word("not_useful", "It was of no use.")


@strawberry.enum(description="What a sighting was worth, or that somebody is at it.")
class SightingAnswer(Enum):
    useful = _word("useful", "It was of use; what fires next is a new sighting.")
    not_useful = _word("not_useful", "It was of no use; what fires next is a new sighting.")
    in_hand = _word("in_hand", "Somebody is at it; what fires is added to it.")


@strawberry.enum(description="How alike two names are; namesakes have the same.")
class NameLikeness(Enum):
    same = _word("same", "All that was typed was presented, and nothing else.")
    alike = _word("alike", "It sounds the same, is a slip apart, or leaves little out.")
    partly = _word("partly", "A part of it is alike.")
