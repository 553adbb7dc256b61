"""What can go wrong at the founders' desk, drawn:

    AuthorityError          never raised itself
    ├── FolderRefused       the state folder is not usable as it is
    ├── FloorRefused        the floor file breaks a rule; names the key
    ├── ChangeRefused       the next directory would break a rule of the grid
    ├── ReportRefused       this conformance report ends no probation
    ├── TooFewFounders      more founders must sign before it counts
    └── EnrolmentRefused    this enrolment must not be admitted
        └── TokenReused     a second key came with a token that is bound already

What documents and signatures themselves get wrong is raised as `childgrid_wire`'s
errors. Messages say what to do next and hold no secret.
"""

from __future__ import annotations


class AuthorityError(Exception):
    """Base of this tree; never raised itself."""


class FolderRefused(AuthorityError):
    """The state folder is missing, taken, or lacks what is needed."""


class FloorRefused(AuthorityError):
    """The floor file breaks a rule; the message names the key."""


class ChangeRefused(AuthorityError):
    """The next directory would break a rule of the grid; nothing was signed."""


class ReportRefused(AuthorityError):
    """This conformance report ends no probation; the message says why."""


class TooFewFounders(AuthorityError):
    """Fewer founders signed than the threshold; nothing was put on the shelf."""


class EnrolmentRefused(AuthorityError):
    """This enrolment must not be admitted; nothing was issued."""


class TokenReused(EnrolmentRefused):
    """A second key came with a bound token: someone else holds it. Tell everyone."""
