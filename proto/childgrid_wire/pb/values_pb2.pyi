from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Envelope(_message.Message):
    __slots__ = ("payload",)
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    def __init__(self, payload: _Optional[bytes] = ...) -> None: ...

class Sealed(_message.Message):
    __slots__ = ("ciphertext",)
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    ciphertext: bytes
    def __init__(self, ciphertext: _Optional[bytes] = ...) -> None: ...

class Proof(_message.Message):
    __slots__ = ("checkpoint", "index", "hashes", "leaf", "salt")
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    HASHES_FIELD_NUMBER: _ClassVar[int]
    LEAF_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    checkpoint: str
    index: int
    hashes: _containers.RepeatedScalarFieldContainer[str]
    leaf: str
    salt: str
    def __init__(self, checkpoint: _Optional[str] = ..., index: _Optional[int] = ..., hashes: _Optional[_Iterable[str]] = ..., leaf: _Optional[str] = ..., salt: _Optional[str] = ...) -> None: ...
