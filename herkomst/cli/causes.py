"""Which error ends with which exit code: the one map from causes to codes."""

from herkomst.access.policy import NotPermitted
from herkomst.access.purpose import PurposeRefused
from herkomst.access.reading import JournalUnavailable
from herkomst.access.tokens import TokenRefused
from herkomst.cli.exits import BAD_CONFIGURATION, FAILED, SERVER_DOWN, USAGE
from herkomst.domain.casework.authorisation import AuthorisationRefused
from herkomst.domain.register.erasure import UnknownSubject
from herkomst.intake.files import UnknownFormat
from herkomst.intake.mapping import MappingError
from herkomst.investigations.pages import InvalidPage
from herkomst.investigations.printing import TooLong
from herkomst.investigations.retention import NotThatDay
from herkomst.processes.restoring import NotSettled
from herkomst.projections.rebuild import ErasureAhead
from herkomst.projections.registry import ModelMissing
from herkomst.record.archive import SchemaBehind
from herkomst.record.backup import BackupError
from herkomst.record.database import LOST, DatabaseDown
from herkomst.record.erasures import ErasureListBroken
from herkomst.record.holds import Held
from herkomst.record.keyring import KeyringError
from herkomst.record.personnel import JournalInUse
from herkomst.record.programs import ServerError
from herkomst.record.rotation import RotationRefused
from herkomst.settings import ConfigurationError
from herkomst.simulate.errors import SimulationError

_CODES: tuple[tuple[tuple[type[BaseException], ...], int], ...] = (
    ((UnknownFormat, PurposeRefused, NotThatDay), USAGE),
    ((ConfigurationError, KeyringError, SchemaBehind, TokenRefused), BAD_CONFIGURATION),
    ((DatabaseDown, ServerError, JournalUnavailable, *LOST), SERVER_DOWN),
    (
        (
            AuthorisationRefused,
            BackupError,
            ErasureAhead,
            ErasureListBroken,
            Held,
            InvalidPage,
            JournalInUse,
            MappingError,
            ModelMissing,
            NotPermitted,
            NotSettled,
            RotationRefused,
            SimulationError,
            TooLong,
            UnknownSubject,
        ),
        FAILED,
    ),
)


def code_of(error: BaseException) -> int | None:
    """The exit code of an expected error; None for one that is a defect."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), None)
