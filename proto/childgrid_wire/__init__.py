"""Everything that may leave a zone, and the rules by which it is believed.

A person or an agency speaks in *statements*: exact JSON bytes of a closed schema
inside a DSSE envelope (`statement`, `envelope`). Documents that say who is who are
statements as well and are gathered in `trust`. What an officer or a node may do
follows from them alone (`policy`, `rules`). Content that only one reader may see
is sealed (`seal`); everything travels over mutual TLS (`channel`), which carries
but never authorises.

No identity, encoding or record is handled here.
"""

import os

# grpcio has no setting for a least TLS version. A suite that only TLS 1.2 knows and
# that needs a pre-shared key, which nobody here has, leaves 1.2 nothing to agree on;
# TLS 1.3 is not affected. It must stand before grpc is first imported.
os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-PSK-CHACHA20-POLY1305"
