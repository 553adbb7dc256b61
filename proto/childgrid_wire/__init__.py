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
import sys

# grpcio has no setting for a least TLS version. A suite that only TLS 1.2 knows and
# that needs a pre-shared key, which nobody here has, leaves 1.2 nothing to agree on;
# TLS 1.3 is not affected. grpcio reads it once, when it is first imported.
_SUITES = "ECDHE-PSK-CHACHA20-POLY1305"
ONLY_TLS_1_3 = (
    "grpc" not in sys.modules or os.environ.get("GRPC_SSL_CIPHER_SUITES") == _SUITES
)
"""False where grpc was imported first and read other suites; servers then refuse."""

os.environ["GRPC_SSL_CIPHER_SUITES"] = _SUITES
