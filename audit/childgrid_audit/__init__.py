"""What an auditor's station does: mirror every log, export, verify, list.

Read in this order: `bundle` (what an exported directory looks like), `mirror` and
`export` (how one comes to be), then the rooms of `verify`: `documents`, `manifest`,
`logs` (with `lines`, `tree` and `memo`), `events` (with `hours`), `rekeyed`, `proofs`,
`conduct` (with `judging`, `own_lists`, `budgets` and `openings`), `emergencies`,
`erasures`, `pairing` (with `duties` and `lapses`); what they say are `findings`. Last
`disclosures`, and for a court `court`, `story`, `certificate`, `paper` and `docket`.

The station itself: `config`, `join`, `station`, `auditors` (its people), `board`,
`store`, `server`; its mail `post`, `letterbox`, `opened`, `spool`; `copies` (that it
looked), `lookout` (how it is), `upkeep`, `migrating`; what it refuses `errors`.

No role imports this package and it knows no subject's data: it reads what parties have
signed, never what was sealed. The rule it keeps: nothing is believed that the exported
directory and one root fingerprint do not prove.
"""

import childgrid_wire  # noqa: F401 - sets the TLS floor before grpc is imported
