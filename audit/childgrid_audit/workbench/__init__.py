"""The auditor's workbench: what the verified statements of a grid say of its people.

Read in this order: `facts` (what is known of a search, a request, an officer),
`gather` (how a verified ledger becomes a casebook), `limits` (every threshold),
`rates` and `deeds` (the patterns), `scorecard`, `sample`, `timeline`; then `desk`,
which keeps what was worked out, and `web`, which shows it.

Everything but `desk` and `web` is a pure function of verified statements. The rule it
keeps: a pattern says where to look, never that somebody did wrong.
"""
