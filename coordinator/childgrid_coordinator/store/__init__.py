"""What the coordinator keeps: envelopes, sealed content in transit, states, cursors.

`tables` says what there is, `engine` opens SQLite or PostgreSQL and commits durably;
`queries`, `requests`, `mail` and `joiners` read and write one topic each, always
inside the caller's transaction. There is no table that could hold a source record.
"""
