"""The auditor's workbench: what the verified statements of a grid say of its people.

Read in this order: `facts` (what is known of a search, a request, an officer), `gather`
(how a verified ledger becomes a casebook), `roster` (who belonged where), `limits`
(every threshold), `chance` and `flags`, `rates` and `deeds` (the `patterns`), `people`,
`quarter`, `scorecard`, `sample`, `timeline`; then `work` and `desk`, which keep what
was worked out, `pen`, `letters` and `opener` (what an auditor signs), `opening`, and
`web`, which shows it.

Everything but `desk` and `web` is a pure function of verified statements. The rule it
keeps: a pattern says where to look, never that somebody did wrong.
"""
