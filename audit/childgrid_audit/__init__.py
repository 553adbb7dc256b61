"""What an auditor's station does: mirror every log, export, verify, list.

Read in this order: `bundle` (what an exported directory looks like), `mirror` and
`export` (how one comes to be), then the rooms of `verify`: `documents`, `logs`,
`events`, `proofs`, `conduct`, `pairing`; last `disclosures`.

No role imports this package and it knows no subject's data: it reads what parties have
signed, never what was sealed. The rule it keeps: nothing is believed that the exported
directory and one root fingerprint do not prove.
"""

import childgrid_wire  # noqa: F401 - sets the TLS floor before grpc is imported
