"""The officers' web site: one agency's, beside its own node.

Read in this order: `visit` (what a page knows of who asks), `rooms` (every page as
data), `door` and `passkeys` (signing in), `signing` (one touch over exact bytes), then
the rooms by their verbs: `asking` (with `checks`, `days`, `phones` and `sections`),
`finding`, `requesting`, `deciding`, `reading`. What was typed and not signed yet lies
in the `drawer`, in memory.

This side holds web sessions, login passkeys and names of officers. It holds no signing
key: a statement is signed in the officer's browser over the bytes that the node
drafted, and the node refuses any other. The rule it keeps: nothing of a case is stored
here, and everything shown was read in the officer's own sitting, which the node logs.
"""
