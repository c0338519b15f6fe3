"""Everything that follows the record, as a list."""

from collections.abc import Sequence

from herkomst.processes.alerting import Alerting
from herkomst.processes.erasure import Erasure
from herkomst.processes.lapsing import Lapsing
from herkomst.processes.matching import Matching
from herkomst.processes.meeting import Meeting
from herkomst.processes.reviewing import Reviewing
from herkomst.processes.telling import Telling
from herkomst.projections.access_requests import AccessRequests
from herkomst.projections.alerts import Alerts
from herkomst.projections.attempts import Attempts
from herkomst.projections.authorisations import Authorisations
from herkomst.projections.case_entries import CaseEntries
from herkomst.projections.case_items import CaseItems
from herkomst.projections.cases import Cases
from herkomst.projections.concerns import Concerns
from herkomst.projections.dealers import Dealers
from herkomst.projections.descriptions import Descriptions
from herkomst.projections.engagements import Engagements
from herkomst.projections.establishments import Establishments
from herkomst.projections.firings import Firings
from herkomst.projections.floods import Floods
from herkomst.projections.follower import Follower, Projection
from herkomst.projections.glasses import Glasses
from herkomst.projections.hits import Hits
from herkomst.projections.holds import Holds
from herkomst.projections.keepings import Keepings
from herkomst.projections.links import Links
from herkomst.projections.match_keys import MatchKeys
from herkomst.projections.matches import Matches
from herkomst.projections.measures import Measures
from herkomst.projections.mentions import Mentions
from herkomst.projections.model import Model
from herkomst.projections.muted_numbers import MutedNumbers
from herkomst.projections.mutes import Mutes
from herkomst.projections.officers import Officers
from herkomst.projections.passages import Passages
from herkomst.projections.person_requests import PersonRequests
from herkomst.projections.presentations import Presentations
from herkomst.projections.purchases import Purchases
from herkomst.projections.reads import Reads
from herkomst.projections.reasons import Reasons
from herkomst.projections.reveals import Reveals
from herkomst.projections.reviews import Reviews
from herkomst.projections.sightings import Sightings
from herkomst.projections.stolen_items import StolenItems
from herkomst.record.archive import Archive
from herkomst.search import configured
from herkomst.search.indexing import Indexing, IndexingCasework

MODELS: tuple[Model, ...] = (
    Dealers(),
    Establishments(),
    Purchases(),
    Presentations(),
    Keepings(),
    StolenItems(),
    Descriptions(),
    Hits(),
    Passages(),
    Floods(),
    Cases(),
    CaseItems(),
    CaseEntries(),
    Reveals(),
    Reasons(),
    Holds(),
    PersonRequests(),
    Mentions(),
    Glasses(),
    AccessRequests(),
    Matches(),
    Measures(),
    Alerts(),
    Mutes(),
    MutedNumbers(),
    Firings(),
    Sightings(),
    Authorisations(),
    Links(),
    Officers(),
    Engagements(),
    Concerns(),
    Reads(),
    Attempts(),
    Reviews(),
    MatchKeys(),
)
"""Every read model, in the order in which they are listed."""


def followers(archive: Archive) -> Sequence[Follower]:
    """Every follower: the processes, a projection for each model that no process keeps, and what
    is searched."""
    vault, token = archive.register.vault, archive.keyring.token
    indexing = Indexing(archive.urls.app, vault, token, configured.index_of(archive.urls.search))
    return [
        Matching(vault, token, archive.casework.recorder),
        *(Projection(m, vault, token) for m in MODELS if not isinstance(m, MatchKeys)),
        indexing,
        IndexingCasework(indexing),
        Erasure(
            archive.register,
            archive.casework,
            archive.erasures,
            index_clock=configured.clock(archive.urls.search),
        ),
        Reviewing(token, archive.casework.recorder),
        Lapsing(archive.casework.recorder),
        Telling(vault, archive.casework.recorder),
        Meeting(archive.casework.recorder),
        Alerting(vault, archive.casework.recorder),
    ]
