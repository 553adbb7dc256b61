"""A register in several parts, each searched by a process of its own.

    files     the parts on the disk: split from one index file, named by a manifest
    shard     one part where it is searched; knows nothing of Ray
    merge     what the parts say, put together: pure
    crew      asks all parts at once, notices who is away and brings them back
    table     the parts as one register: what `Index` is for one file
    cluster   parts as Ray actors, behind mutual TLS and a token
    fleet     which of these a node opens its registers by

The rule: what is answered over parts is what one file would answer, to the bit; where a
part does not answer, nothing is.
"""
