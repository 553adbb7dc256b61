"""The 360° profile as data: what each source gave, and what it didn't, side by side.

Read in this order: `model` (the node's document as sources, requests and values),
`dates`, `compare` (the same field of several sources, and where they contradict each
other), `ages` (was this a child?), `story` (timeline), `ties` (addresses, identifiers,
relations), `text` (what a hostile value may not do to its reader), then what leaves:
`export` (JSON, CSV), `ftm`, `pack` (the evidence), `pdf` (with `faces` and `telling`).

All but `pdf` is pure. Nothing is merged: a record stays one source's word about
somebody who may be the suspect. Nothing of a victim can be in it, because it holds
disclosed values of suspects' rows alone, whose holder's guard judged each row again
when it was released (`childgrid_node.guard`); nothing is looked up or added here.
"""
